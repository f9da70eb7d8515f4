import type { Context } from 'koa';

import type { ClientCache } from '../clients/cache.ts';
import type { SecretUses } from '../clients/secret-uses.ts';
import { findSecret } from '../clients/secret.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../crypto/secrets.ts';
import { readBasicCredentials, type BasicCredentials } from '../http/basic-credentials.ts';
import { stateOf } from '../http/middleware.ts';
import { clientAuthBuckets, keysOf } from '../http/throttle-buckets.ts';
import type { Throttle } from '../http/throttle.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { findOwnToken, ownKeysOf, verifyOwnToken, type TokenFinder } from '../revocation/own-token.ts';

export interface ReaderContext {
  readonly config: Pick<Config, 'issuer'>;
  readonly clock: Clock;
  readonly clients: ClientCache;
  readonly secretUses: SecretUses;
  readonly keys: KeyRing;
  readonly records: TokenFinder;
  readonly secrets: Secrets;
  readonly throttle: Throttle;
}

type Authenticated =
  | { readonly ok: true; readonly clientId: string }
  | { readonly ok: false; readonly reason: 'refused' }
  | { readonly ok: false; readonly reason: 'throttled'; readonly retryAfterSeconds: number };

const REFUSED = { ok: false, reason: 'refused' } as const;

/**
 * A confidential client with its secret (RFC 6749 §2.3.1), as at the token endpoint and with the same limits on guessing; or with
 * an access token that it got for itself, which is for clients that have a key and no secret.
 */
export async function authenticateReader(ctx: ReaderContext, koa: Context): Promise<Authenticated> {
  const header = koa.get('authorization');
  const [, token] = /^bearer +(\S+) *$/i.exec(header) ?? [];
  if (token !== undefined) return authenticateToken(ctx, token);
  const credentials = readBasicCredentials(header);
  return credentials ? authenticateSecret(ctx, koa, credentials) : REFUSED;
}

async function authenticateSecret(
  ctx: ReaderContext,
  koa: Context,
  { clientId, secret }: BasicCredentials,
): Promise<Authenticated> {
  const buckets = clientAuthBuckets({ clientId, address: stateOf(koa).address });
  const seconds = ctx.throttle.blockedFor(keysOf(buckets));
  if (seconds > 0) return { ok: false, reason: 'throttled', retryAfterSeconds: seconds };
  const client = await ctx.clients.find(clientId);
  const found = client && findSecret(client, secret, ctx.secrets, ctx.clock.now());
  if (found && client.disabledAt === null) {
    ctx.secretUses.note(found.id);
    return { ok: true, clientId };
  }
  await ctx.throttle.fail(buckets);
  return REFUSED;
}

/** Any live token of client credentials will do, whatever API it is for: what is told here is for all of them. */
async function authenticateToken(
  { config, clock, clients, keys, records }: ReaderContext,
  token: string,
): Promise<Authenticated> {
  const claims = await verifyOwnToken(token, { ownKeys: ownKeysOf(keys), issuer: config.issuer, clock });
  const clientId = claims?.['client_id'];
  // A person's token speaks for a person, and a bound one takes a proof that nobody gives here.
  if (!claims || typeof clientId !== 'string' || claims.sub !== clientId || 'cnf' in claims) return REFUSED;
  const entry = await findOwnToken(records, claims);
  const client = await clients.find(clientId);
  const isLive = entry !== undefined && entry.revokedAt === null && client?.disabledAt === null;
  return isLive ? { ok: true, clientId } : REFUSED;
}
