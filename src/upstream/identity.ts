/** What an upstream says of a person, checked by its protocol module. It came from outside all the same: mapping.ts decides what is kept. */
export interface UpstreamIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Their session (OIDC Back-Channel Logout §2.1, SAML SessionIndex). */
  readonly sid: string | null;
  /** RFC 8176 words, as they say them. */
  readonly amr: readonly string[];
  readonly email: string | null;
  readonly emailVerified: boolean;
  /** All claims or attributes under their own names. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A person of theirs who is an account here. */
export interface Identity {
  readonly id: string;
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly accountId: string;
  /** How the person knows it: an address or a name of theirs, for pages only. */
  readonly label: string | null;
  readonly linkedAt: Date;
  readonly lastUsedAt: Date | null;
}
