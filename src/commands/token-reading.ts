import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload } from 'jose';

import { artifactDigest, type Artifact } from '../grants/artifact.ts';
import { findArtifacts } from '../grants/store.ts';
import type { SigningKey } from '../keys/key.ts';
import { findKey } from '../keys/store.ts';
import { isStorable } from '../db/text.ts';
import { findTokens, type LedgerEntry } from '../revocation/store.ts';
import type { CommandContext } from './context.ts';

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
  | { readonly kind: 'opaque'; readonly artifact: Artifact }
  | { readonly kind: 'unknown' };

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
export async function readToken(context: CommandContext, token: string): Promise<ReadToken> {
  if (token.length > TOKEN_LENGTH_MAX || !isStorable(token)) return { kind: 'unknown' };
  const jwt = decode(token);
  if (!jwt) return readOpaque(context, token);
  const kid = jwt.header['kid'];
  const key = typeof kid === 'string' && isStorable(kid) ? await findKey(context.db.knex, kid) : undefined;
  const signature = key ? await verify(token, key) : 'foreign';
  const entry = signature === 'valid' ? await findEntry(context, jwt.claims) : undefined;
  return { kind: 'jwt', ...jwt, signature, key, entry };
}

async function readOpaque({ db }: CommandContext, token: string): Promise<ReadToken> {
  const found = await findArtifacts(
    db.pool,
    MODELS.map((model) => artifactDigest(model, token)),
  );
  const artifact = found.find((each) => each !== undefined);
  return artifact ? { kind: 'opaque', artifact } : { kind: 'unknown' };
}

function decode(token: string): { header: Record<string, unknown>; claims: JWTPayload } | undefined {
  try {
    return { header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token) };
  } catch {
    return undefined;
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

async function findEntry({ db }: CommandContext, claims: JWTPayload): Promise<LedgerEntry | undefined> {
  if (typeof claims.jti !== 'string' || typeof claims.exp !== 'number') return undefined;
  const [entry] = await findTokens(db.pool, [{ jti: claims.jti, expiresAt: new Date(claims.exp * 1000) }]);
  return entry;
}
