import type { LedgerEntry } from './store.ts';
import { jtiDigest, type RevokeTarget } from './token.ts';

/**
 * What a token that was exchanged for another one came of (RFC 8693). Its grant, session and person are columns of its own,
 * like any token's; the rest is one list of names in its ledger row, so that it ends with whatever ends the token it came of, and
 * the token before that.
 */
export interface Origin {
  readonly hangsOn: readonly string[];
  /** Must be alive when the new token is recorded. */
  readonly subject: TokenKey | null;
  readonly actor: TokenKey | null;
  /** The trusted issuer of a foreign token; must still be trusted then. */
  readonly issuerId: string | null;
}

/** How a ledger row is found. */
export interface TokenKey {
  readonly jti: Buffer;
  readonly expiresAt: Date;
}

/** The names of a token of ours and of everything that it hangs on itself. */
export function namesOf(jti: Buffer, entry: LedgerEntry): string[] {
  return [
    nameOfToken(jti),
    `client:${entry.clientId}`,
    `api:${entry.apiId}`,
    `key:${entry.kid}`,
    ...entry.hangsOn,
  ];
}

export function nameOfIssuer(id: string): string {
  return `issuer:${id}`;
}

/** How many tokens stand between this one and a sign-in. */
export function generationOf(hangsOn: readonly string[]): number {
  return hangsOn.filter((name) => name.startsWith('jti:')).length;
}

/** Under which name a target's heirs hang on it; undefined where a column or an instant says it. */
export function nameOf(target: RevokeTarget): string | undefined {
  if ('jti' in target) return nameOfToken(jtiDigest(target.jti));
  if ('client' in target) return `client:${target.client}`;
  if ('api' in target) return `api:${target.api}`;
  if ('key' in target) return `key:${target.key}`;
  if ('trustedIssuer' in target) return nameOfIssuer(target.trustedIssuer);
  return undefined;
}

function nameOfToken(jti: Buffer): string {
  return `jti:${jti.toString('hex')}`;
}
