import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { randomToken } from '../crypto/ids.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { artifactContext, artifactDigest } from './artifact.ts';
import { saveArtifacts } from './store.ts';

const MODEL = 'InitialAccessToken';
const TOKEN_BYTES = 32;

/**
 * Lets whoever holds it register clients (RFC 7591 §3) until it expires. Shown once; only its digest is kept. The payload
 * has the shape that the protocol library reads.
 */
export async function createInitialAccessToken(
  { db, clock, seal }: { readonly db: Database; readonly clock: Clock; readonly seal: Seal },
  { ttlSeconds, actor }: { readonly ttlSeconds: number; readonly actor: Actor },
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  const token = randomToken(TOKEN_BYTES);
  const digest = artifactDigest(MODEL, token);
  const now = clock.now();
  const iat = Math.floor(now.getTime() / 1000);
  const expiresAt = new Date((iat + ttlSeconds) * 1000);
  const payload = { kind: MODEL, iat, exp: iat + ttlSeconds };
  await saveArtifacts(db.pool, [
    {
      digest,
      model: MODEL,
      payload: seal.seal(Buffer.from(JSON.stringify(payload)), artifactContext(digest)),
      grantId: null,
      clientId: null,
      accountId: null,
      userCodeDigest: null,
      createdAt: now,
      consumedAt: null,
      expiresAt,
    },
  ]);
  await db.transaction((tx) =>
    record(tx, { occurredAt: now, type: 'registration_token.created', actor, detail: { ttlSeconds } }),
  );
  return { token, expiresAt };
}
