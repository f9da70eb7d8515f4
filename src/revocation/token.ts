/**
 * The ledger of JWT access tokens, and everything that ends one. A row is written before a token leaves, so that a token
 * which nobody recorded does not exist; ending a token, a grant, a session, a person, a client, an API or a key is one verb
 * (revoke.ts), in one transaction. This room rules RFC 7009's effect and RFC 7662's answer; it knows nothing of HTTP.
 */
import { sha256 } from '../crypto/digest.ts';
import type { Origin } from './origin.ts';
import type { StatusPlace } from './status-list.ts';

export interface TokenRow {
  /** SHA-256 of the `jti` claim. */
  readonly jti: Buffer;
  readonly clientId: string;
  readonly apiId: string;
  readonly grantId: string | null;
  /** Set only when the token dies with its browser session. */
  readonly sessionUid: string | null;
  readonly accountId: string | null;
  readonly kid: string;
  /** Number of its status list and its place there; see status-list.ts. */
  readonly statusList: number;
  readonly statusIndex: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The roles it was made by, see `standingIn` in roles/assignment-store.ts; undefined where its API does not enforce roles. */
  readonly roles?: string | undefined;
  /** Only of a token that was exchanged for another one. */
  readonly origin?: Origin | undefined;
}

/** A row as it is found again. */
export interface LedgerEntry extends Omit<
  TokenRow,
  'jti' | 'statusList' | 'statusIndex' | 'roles' | 'origin'
> {
  /** null: issued before there were status lists. */
  readonly status: StatusPlace | null;
  readonly revokedAt: Date | null;
  /** Of a token that was exchanged: see origin.ts. Otherwise empty. */
  readonly hangsOn: readonly string[];
}

export type RevokeTarget =
  | { readonly jti: string; readonly expiresAt?: Date }
  /** The same, by {@link jtiDigest} in hexadecimal: all that the ledger knows. */
  | { readonly digest: string; readonly expiresAt?: Date }
  | { readonly grant: string }
  | { readonly session: string }
  /** `exceptSession`: what the person does in that browser goes on. */
  | { readonly account: string; readonly exceptSession?: string }
  | { readonly client: string }
  /** Everything that people came to through an identity provider, or with one upstream identity. */
  | { readonly provider: string }
  | { readonly identity: string }
  /** Only the sessions of an identity, or those of one session at the provider (its `sid`): a sign-out there says no more. */
  | { readonly identitySessions: string; readonly upstreamSid?: string }
  /** Everything that a client holds of a person. */
  | { readonly consentOf: string; readonly clientId: string }
  | { readonly api: string }
  /** Of an API, what acts for a person or for a client itself: they have fewer roles there. Grants and sessions go on. */
  | { readonly accountRoles: string; readonly apiId: string }
  | { readonly clientRoles: string; readonly apiId: string }
  /** The same, for everybody who has the role. */
  | { readonly role: string; readonly apiId: string }
  | { readonly key: string }
  | { readonly trustedIssuer: string }
  | { readonly issuedBefore: Date };

export function jtiDigest(jti: string): Buffer {
  return sha256(`jti:${jti}`);
}
