import type { Context } from 'koa';

import type { ClientCache } from '../clients/cache.ts';
import { compareSecret } from '../clients/secret.ts';
import type { Clock } from '../clock.ts';
import type { Secrets } from '../crypto/secrets.ts';
import { stateOf } from '../http/middleware.ts';
import { clientAuthBuckets, keysOf } from '../http/throttle-buckets.ts';
import type { Throttle } from '../http/throttle.ts';

export interface ReaderContext {
  readonly clock: Clock;
  readonly clients: ClientCache;
  readonly secrets: Secrets;
  readonly throttle: Throttle;
}

type Authenticated =
  | { readonly ok: true; readonly clientId: string }
  | { readonly ok: false; readonly reason: 'refused' }
  | { readonly ok: false; readonly reason: 'throttled'; readonly retryAfterSeconds: number };

const REFUSED = { ok: false, reason: 'refused' } as const;

/** A confidential client with its secret (RFC 6749 §2.3.1), as at the token endpoint and with the same limits on guessing. */
export async function authenticateReader(ctx: ReaderContext, koa: Context): Promise<Authenticated> {
  const credentials = readBasic(koa.get('authorization'));
  if (!credentials) return REFUSED;
  const { clientId, secret } = credentials;
  const buckets = clientAuthBuckets({ clientId, address: stateOf(koa).address });
  const seconds = ctx.throttle.blockedFor(keysOf(buckets));
  if (seconds > 0) return { ok: false, reason: 'throttled', retryAfterSeconds: seconds };
  const client = await ctx.clients.find(clientId);
  const isSecret = client !== undefined && compareSecret(client, secret, ctx.secrets, ctx.clock.now());
  if (client && isSecret && client.disabledAt === null) return { ok: true, clientId };
  await ctx.throttle.fail(buckets);
  return REFUSED;
}

/** Both halves are form-encoded before they are joined (RFC 6749 §2.3.1). */
function readBasic(header: string): { clientId: string; secret: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header);
  const [, clientId, secret] = /^([^:]*):(.*)$/s.exec(decodeBase64(match?.[1] ?? '')) ?? [];
  if (!clientId || !secret) return undefined;
  return { clientId: formDecoded(clientId), secret: formDecoded(secret) };
}

function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString();
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
