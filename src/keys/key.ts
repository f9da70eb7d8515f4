import type { JWK } from 'jose';

/**
 * The keys that sign tokens. This room owns their life (pending → published → active → retired, or revoked at any time),
 * their private parts (sealed at rest) and the ring in which every process holds them. It does not sign: the library does
 * that with the ring's JWKs; and it does not end the tokens of a revoked key: `revocation/revoke-key.ts` does both.
 * JWKs are those of RFC 7517, the key id is the thumbprint of RFC 7638, so that one id can never name two keys.
 */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly state: KeyState;
  readonly publicJwk: JWK;
  /**
   * Sealed with {@link privateKeyAad}; null once revoked, when there is nothing left to steal, and of a key of another server
   * (import-keys.ts), which is retired from the beginning.
   */
  readonly sealedPrivate: Buffer | null;
  readonly createdAt: Date;
  readonly publishedAt: Date | null;
  readonly activatedAt: Date | null;
  readonly retiredAt: Date | null;
  readonly revokedAt: Date | null;
}

/** ES256 for access tokens, RS256 because OIDC clients expect it of ID tokens, EdDSA for APIs that ask for it. */
export const SIGNING_ALGS = ['ES256', 'RS256', 'EdDSA'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/**
 * pending: made, not shown to anyone. published: in the JWKS, signs nothing yet. active: signs, one an algorithm.
 * retired: signs no more, still verifies. revoked: out of the JWKS, its private part wiped.
 */
export const KEY_STATES = ['pending', 'published', 'active', 'retired', 'revoked'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** What the library signs with. */
export interface PrivateJwk extends JWK {
  kid: string;
  alg: SigningAlg;
  use: 'sig';
}

/** A key that was made and sealed but is not stored yet. */
export type NewKey = Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'> & { readonly sealedPrivate: Buffer };

/** A public key of another server. */
export interface ForeignKey {
  /** As that server names it in its tokens. */
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly jwk: JWK;
}

export const KEYS_CHANNEL = 'guichet_keys';

const DAY_SECONDS = 86_400;

/** No access token lives longer than this, whatever its API asks for: a retired key must outlive all it has signed. */
export const ACCESS_TOKEN_TTL_SECONDS_MAX = DAY_SECONDS;

/**
 * OIDC RP-Initiated Logout §2: an expired ID token is still a good `id_token_hint`. Applications keep one for as long as
 * their session lasts; 30 days covers the usual ones, and a hint older than that only costs the person a question.
 */
export const ID_TOKEN_HINT_TTL_SECONDS = 30 * DAY_SECONDS;

/** How long a retired key verifies. A revoked key is remembered for as long, then both are forgotten. */
export const RETIRED_KEY_TTL_SECONDS = Math.max(ACCESS_TOKEN_TTL_SECONDS_MAX, ID_TOKEN_HINT_TTL_SECONDS);

/**
 * Verifiers read the whole JWKS, and some refuse large ones. Three algorithms with a rotation a quarter show six keys;
 * whoever rotates more often than this allows is a script gone wild. Revoking is never refused.
 */
export const JWKS_KEYS_MAX = 50;

/**
 * Place in the JWKS: the library signs ID tokens with the first key of their algorithm, so the active one leads. States
 * that are missing here are not in the JWKS.
 */
const JWKS_RANK: Partial<Record<KeyState, number>> = { active: 0, published: 1, retired: 2 };

/** The keys of the JWKS in their order: by state, then by algorithm, then the youngest first. */
export function jwksOrder(keys: readonly SigningKey[]): SigningKey[] {
  return keys
    .filter((key) => JWKS_RANK[key.state] !== undefined)
    .sort(
      (a, b) =>
        (JWKS_RANK[a.state] ?? 0) - (JWKS_RANK[b.state] ?? 0) ||
        SIGNING_ALGS.indexOf(a.alg) - SIGNING_ALGS.indexOf(b.alg) ||
        b.createdAt.getTime() - a.createdAt.getTime() ||
        (a.kid < b.kid ? -1 : 1),
    );
}

/** The key that is in the JWKS already and takes over next; there is never more than one an algorithm. */
export function findSuccessor(keys: readonly SigningKey[], alg: SigningAlg): SigningKey | undefined {
  return keys.find((key) => key.alg === alg && key.state === 'published');
}

export function findActive(keys: readonly SigningKey[], alg: SigningAlg): SigningKey | undefined {
  return keys.find((key) => key.alg === alg && key.state === 'active');
}

/** A published key may sign once nobody can hold a JWKS that lacks it. */
export function isDueToSign(key: SigningKey, now: Date, publishSeconds: number): boolean {
  return key.state === 'published' && isPast(key.publishedAt, publishSeconds, now);
}

/** An active key is due when its successor, published now, would take over at the end of its term. */
export function isDueToRotate(
  key: SigningKey,
  now: Date,
  { rotationDays, publishSeconds }: { rotationDays: number; publishSeconds: number },
): boolean {
  return key.state === 'active' && isPast(key.activatedAt, rotationDays * DAY_SECONDS - publishSeconds, now);
}

export function isForgettable(key: SigningKey, now: Date): boolean {
  if (key.state === 'retired') return isPast(key.retiredAt, RETIRED_KEY_TTL_SECONDS, now);
  if (key.state === 'revoked') return isPast(key.revokedAt, RETIRED_KEY_TTL_SECONDS, now);
  return false;
}

function isPast(moment: Date | null, seconds: number, now: Date): boolean {
  return moment !== null && moment.getTime() + seconds * 1000 <= now.getTime();
}

/** Equal for equal key sets; `store.ts` computes the same in SQL. */
export function keysVersion(keys: readonly SigningKey[]): string {
  return keys
    .map((key) => `${key.kid}:${key.state}`)
    .sort()
    .join(' ');
}

/** Binds a sealed private part to its row, so that rows cannot be swapped in the database. */
export function privateKeyAad(kid: string): string {
  return `signing_keys|private|${kid}`;
}
