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
}

/** For the second factor a person may have to look for their phone, not for more. */
export const PROGRESS_TTL_SECONDS = 900;
