import type { Context, Middleware } from 'koa';

import { compareSecret } from '../clients/secret.ts';
import { stateOf } from '../http/middleware.ts';
import { SECRET_PLACEHOLDER } from './client-adapter.ts';
import type { HallContext } from './context.ts';

const ROUTE = /^\/reg(\/|$)/;

/**
 * Dynamic registration with secrets that are not kept. The library answers with the client's stored metadata, in which a
 * placeholder stands for the secret: it is taken out, except where the secret was made in this very request. At an update
 * (RFC 7592 §2.2) a client may repeat its secret, which is compared as a digest here and not passed on.
 */
export function hideStoredSecrets(hall: HallContext): Middleware {
  return async function hideClientSecrets(ctx, next) {
    if (!ROUTE.test(ctx.path)) return next();
    if (ctx.method === 'PUT') await takeRepeatedSecret(hall, ctx);
    await next();
    const body: unknown = ctx.body;
    if (typeof body !== 'object' || body === null || !('client_secret' in body)) return;
    if (body.client_secret === SECRET_PLACEHOLDER) {
      const { client_secret, ...shown } = body as Record<string, unknown>;
      ctx.body = shown;
    }
  };
}

/**
 * The library compares what is repeated with the placeholder. A right secret is taken out, a wrong one stays and is refused
 * there: after the registration access token was checked, so that nobody else learns whether a secret is right.
 */
async function takeRepeatedSecret(hall: HallContext, ctx: Context): Promise<void> {
  const body = parseObject(stateOf(ctx).bodyText);
  if (!body) return;
  const { client_secret, ...rest } = body;
  if (typeof client_secret !== 'string') return;
  const record = await hall.clients.find(decodeURIComponent(ctx.path.slice('/reg/'.length)));
  const isRight =
    record !== undefined && compareSecret(record, client_secret, hall.secrets, hall.clock.now());
  if (isRight) replaceBody(ctx, JSON.stringify(rest));
  else if (client_secret === SECRET_PLACEHOLDER)
    replaceBody(ctx, JSON.stringify({ ...rest, client_secret: false }));
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Puts another body where the stream stood; http/read-body.ts has read it already and put it back in one piece. */
function replaceBody(ctx: Context, text: string): void {
  const bytes = Buffer.from(text);
  ctx.req.read();
  ctx.req.unshift(bytes);
  ctx.req.headers['content-length'] = String(bytes.length);
}
