/** What a person has proved so far within one interaction (a sign-in at one client in one browser). */
export interface Progress {
  readonly accountId: string;
  /** RFC 8176. */
  readonly amr: readonly string[];
  /** "Keep me signed in". */
  readonly remember: boolean;
  /** The linked identity they came with, and the upstream's `sid` (OIDC Back-Channel Logout); null for our own password or passkey. */
  readonly identityId: string | null;
  readonly upstreamSid: string | null;
  readonly provedAt: Date;
  /** Which factor of ours was proved. What an upstream says of factors is in `amr` alone. */
  readonly secondFactor?: SecondFactor | undefined;
  /** Set when a session proved the first factor, at that time: then `provedAt` is when the rest began. */
  readonly authenticatedAt?: Date | undefined;
}

export type SecondFactor = 'passkey' | 'totp' | 'recovery-code';

/** For the second factor a person may have to look for their phone, or set one up; not for more. */
export const PROGRESS_TTL_SECONDS = 900;

/** Wrong answers of one sign-in: then it starts again from the first factor. */
export const PROGRESS_FAILURES_MAX = 5;
