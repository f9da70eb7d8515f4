import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload } from 'jose';

import { artifactDigest } from '../grants/artifact.ts';
import { findPresentedArtifact, type PresentedArtifact } from '../grants/presented-store.ts';
import type { SigningKey } from '../keys/key.ts';
import { findKey } from '../keys/store.ts';
import { isStorable } from '../db/text.ts';
import { findTokens } from '../revocation/store.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import type { InspectionContext } from './context.ts';

/** Longer ones are not ours. */
const TOKEN_LENGTH_MAX = 16_384;

export type ReadToken =
  | {
      readonly kind: 'jwt';
      readonly header: Readonly<Record<string, unknown>>;
      readonly claims: JWTPayload;
      /** `foreign`: we have no such key. `invalid`: we have, but it did not sign this. */
      readonly signature: 'valid' | 'invalid' | 'foreign';
      readonly key: SigningKey | undefined;
      /** The ledger's row; only of access tokens we issued. */
      readonly entry: LedgerEntry | undefined;
    }
  | { readonly kind: 'opaque'; readonly artifact: PresentedArtifact }
  | { readonly kind: 'unknown'; readonly isEncrypted?: boolean };

/** Models of the artifacts that somebody may hold in their hand. */
const MODELS = [
  'AccessToken',
  'RefreshToken',
  'AuthorizationCode',
  'DeviceCode',
  'InitialAccessToken',
  'RegistrationAccessToken',
];

/** Finds out what a string is. What a JWT says is to be believed only when its signature is `valid`. */
export async function readToken(context: InspectionContext, token: string): Promise<ReadToken> {
  if (token.length > TOKEN_LENGTH_MAX || !isStorable(token)) return { kind: 'unknown' };
  const jwt = decode(token);
  if (!jwt) return isEncrypted(token) ? { kind: 'unknown', isEncrypted: true } : readOpaque(context, token);
  const kid = jwt.header['kid'];
  const key = typeof kid === 'string' && isStorable(kid) ? await findKey(context.db.knex, kid) : undefined;
  const signature = key ? await verify(token, key) : 'foreign';
  const entry = signature === 'valid' ? await findEntry(context, jwt.claims) : undefined;
  return { kind: 'jwt', ...jwt, signature, key, entry };
}

async function readOpaque({ db }: InspectionContext, token: string): Promise<ReadToken> {
  const digests = MODELS.map((model) => artifactDigest(model, token));
  const artifact = await findPresentedArtifact(db.pool, digests);
  return artifact ? { kind: 'opaque', artifact } : { kind: 'unknown' };
}

function decode(token: string): { header: Record<string, unknown>; claims: JWTPayload } | undefined {
  try {
    const jwt = { header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token) };
    return isShallow(jwt) ? jwt : undefined;
  } catch {
    return undefined;
  }
}

/** Real tokens have a few levels. What has thousands can be parsed and not be printed again: the stack ends. */
const NESTING_MAX = 50;

function isShallow(value: unknown, levels = NESTING_MAX): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1));
}

/** RFC 7516 §3.1: five parts, and a header that names how the content is encrypted. */
function isEncrypted(token: string): boolean {
  if (token.split('.').length !== 5) return false;
  try {
    return 'enc' in decodeProtectedHeader(token);
  } catch {
    return false;
  }
}

async function verify(token: string, key: SigningKey): Promise<'valid' | 'invalid'> {
  try {
    await compactVerify(token, await importJWK(key.publicJwk, key.alg), { algorithms: [key.alg] });
    return 'valid';
  } catch {
    return 'invalid';
  }
}

async function findEntry({ db }: InspectionContext, claims: JWTPayload): Promise<LedgerEntry | undefined> {
  const expiresAt = dateOf(claims.exp);
  if (typeof claims.jti !== 'string' || !expiresAt) return undefined;
  const [entry] = await findTokens(db.pool, [{ jti: claims.jti, expiresAt }]);
  return entry;
}

/** RFC 7519 §2, NumericDate; undefined for what is none, or one that no calendar has. */
export function dateOf(claim: unknown): Date | undefined {
  const date = typeof claim === 'number' ? new Date(claim * 1000) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}
