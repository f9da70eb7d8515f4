import type { Context } from 'koa';

import { httpError, tooManyRequests } from '../http/errors.ts';
import type { Middleware } from '../http/middleware.ts';
import { authenticateReader, type ReaderContext } from './stream-credentials.ts';
import type { StreamReaders } from './stream-readers.ts';

/**
 * `GET /revocations`: what is revoked, as it happens, for APIs that verify tokens by themselves (server-sent events). The
 * `id` of an event is a position that grows with every revocation of any process; a reader that comes back with
 * `Last-Event-ID` is told what it missed. Events: `revoked` (bits of status lists that are 1 now), `ready` (told everything
 * up to here), `reset` (fetch your lists again), `keys` (those of the JWKS now). A comment every second says that nothing is missing.
 */
export const STREAM_PATH = '/revocations';

export function revocationStream(ctx: ReaderContext, readers: StreamReaders): Middleware {
  return async function serveRevocations(koa, next) {
    if (koa.path !== STREAM_PATH || koa.method !== 'GET') return next();
    const reader = await authenticateReader(ctx, koa);
    if (reader.ok) return open(koa, readers, reader.clientId);
    if (reader.reason === 'throttled') throw tooManyRequests(reader.retryAfterSeconds);
    // RFC 9110 §15.5.2: a 401 says how to do better. A client that used a scheme hears of that one (RFC 6749 §5.2).
    koa.set('WWW-Authenticate', ['Basic realm="guichet", charset="UTF-8"', 'Bearer realm="guichet"']);
    koa.set('Cache-Control', 'no-store');
    koa.status = 401;
    koa.body = { error: 'invalid_client', error_description: 'client authentication failed' };
    return undefined;
  };
}

/** When there is no room, another process may have some. */
const NO_ROOM_RETRY_SECONDS = 5;

async function open(ctx: Context, readers: StreamReaders, clientId: string): Promise<void> {
  if (!readers.hasRoom(clientId)) {
    throw httpError('overloaded', 'There are too many open streams.', {
      retryAfterSeconds: NO_ROOM_RETRY_SECONDS,
    });
  }
  const lastPosition = readPosition(ctx.get('Last-Event-ID'));
  const { res } = ctx;
  ctx.respond = false;
  ctx.status = 200;
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    // nginx would hold events back until its buffer is full.
    'X-Accel-Buffering': 'no',
  });
  res.socket?.setNoDelay(true);
  await readers.add(res, { clientId, lastPosition });
}

/** What is no position of ours is answered with `reset`, which -1 leads to. */
function readPosition(text: string): number | undefined {
  if (text === '') return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}
