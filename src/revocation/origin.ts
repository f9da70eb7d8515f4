import { jtiDigest, type LedgerEntry, type RevokeTarget } from './token.ts';

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
  /** Of a foreign token: its trusted issuer, and as whom a person has connected it. Both must still stand then. */
  readonly foreign: { readonly issuerId: string; readonly identityId: string } | null;
}

/** How a ledger row is found. */
export interface TokenKey {
  readonly jti: Buffer;
  readonly expiresAt: Date;
}

/**
 * The names of a token of ours and of everything that it hangs on itself; and beside them what bounds whatever comes of it: the
 * client that the first of them was issued to, and the scopes that the last of them had for each API.
 */
export function namesOf(jti: Buffer, entry: LedgerEntry, scopes: readonly string[]): string[] {
  const cap = `${CAP}${entry.apiId}`;
  const inherited = entry.hangsOn.filter(
    (name) => name !== cap && !name.startsWith(`${cap} `) && !name.startsWith(ROOT),
  );
  return [
    nameOfToken(jti),
    `client:${entry.clientId}`,
    `api:${entry.apiId}`,
    `key:${entry.kid}`,
    `${ROOT}${rootOf(entry)}`,
    cap,
    ...scopes.map((scope) => `${cap} ${scope}`),
    ...inherited,
  ];
}

/** Without the bounds: what an actor's token is good for does not bound what its bearer does for somebody else. */
export function withoutBounds(hangsOn: readonly string[]): string[] {
  return hangsOn.filter((name) => !name.startsWith(ROOT) && !name.startsWith(CAP));
}

/** The client that the token at the beginning was issued to. */
export function rootOf(entry: LedgerEntry): string {
  const name = entry.hangsOn.find((each) => each.startsWith(ROOT));
  return name === undefined ? entry.clientId : name.slice(ROOT.length);
}

/** The scopes of the API that a token among them had; undefined when none was for it. */
export function capOf(hangsOn: readonly string[], apiId: string): string[] | undefined {
  const cap = `${CAP}${apiId}`;
  if (!hangsOn.includes(cap)) return undefined;
  return hangsOn.flatMap((name) => (name.startsWith(`${cap} `) ? name.slice(cap.length + 1) : []));
}

const ROOT = 'root:';
const CAP = 'cap:';

/** The names of what a foreign token hangs on. */
export function foreignNames(names: { issuerId: string; providerId: string; identityId: string }): string[] {
  return [`issuer:${names.issuerId}`, `provider:${names.providerId}`, `identity:${names.identityId}`];
}

/** How many tokens stand between this one and a sign-in. */
export function generationOf(hangsOn: readonly string[]): number {
  return hangsOn.filter((name) => name.startsWith('jti:')).length;
}

/** Under which name a target's heirs hang on it; undefined where a column or an instant says it. */
export function nameOf(target: RevokeTarget): string | undefined {
  if ('jti' in target) return nameOfToken(jtiDigest(target.jti));
  if ('digest' in target) return `jti:${target.digest}`;
  if ('client' in target) return `client:${target.client}`;
  if ('api' in target) return `api:${target.api}`;
  if ('key' in target) return `key:${target.key}`;
  if ('trustedIssuer' in target) return `issuer:${target.trustedIssuer}`;
  if ('provider' in target) return `provider:${target.provider}`;
  if ('identity' in target) return `identity:${target.identity}`;
  return undefined;
}

function nameOfToken(jti: Buffer): string {
  return `jti:${jti.toString('hex')}`;
}
