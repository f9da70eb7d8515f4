/**
 * People who sign in. This room owns who they are (identifiers, OIDC standard claims) and how they prove it (password). It
 * does not own their sessions, grants or tokens: whatever ends those (disabling, deleting, a reset) is in `revocation/`.
 */
export interface Account {
  /** The OIDC `sub`: opaque, never reused. */
  readonly id: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly profile: Profile;
  readonly hasPassword: boolean;
  readonly passwordChangedAt: Date | null;
  /** An operator wants another password: the next sign-in with this one goes no further than to a new one. */
  readonly passwordChangeRequired: boolean;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** OIDC Core §5.1 standard claims under their wire names; those missing here are columns of the account. */
export interface Profile {
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly middle_name?: string;
  readonly nickname?: string;
  readonly profile?: string;
  readonly picture?: string;
  readonly website?: string;
  readonly gender?: string;
  readonly birthdate?: string;
  readonly zoneinfo?: string;
  readonly locale?: string;
  readonly phone_number?: string;
  readonly phone_number_verified?: boolean;
  readonly address?: Address;
}

/** OIDC Core §5.1.1. */
export interface Address {
  readonly formatted?: string;
  readonly street_address?: string;
  readonly locality?: string;
  readonly region?: string;
  readonly postal_code?: string;
  readonly country?: string;
}

/**
 * The form in which usernames and e-mail addresses are stored and looked up. Folding happens here and not in SQL, because
 * what `lower()` does to letters beyond ASCII depends on the database's locale. NFKC makes look-alike widths one (RFC 8265 §3.3).
 * A small letter may have a composed form where the capital has none (J\u030C, \u01F0), so it is composed once more: folding what
 * is folded changes nothing.
 */
export function foldIdentifier(identifier: string): string {
  return identifier.normalize('NFKC').toLowerCase().normalize('NFKC').trim();
}

/** Usernames cannot hold an `@`, so one identifier never names two people. */
export function isEmail(identifier: string): boolean {
  return identifier.includes('@');
}
