import type { Context } from 'koa';

import type { Config } from '../config/config.ts';
import { httpError } from '../http/errors.ts';
import type { Middleware } from '../http/middleware.ts';
import type { StatusBoard } from '../revocation/status-board.ts';
import { statusListUri } from '../revocation/status-list.ts';
import type { FoundStatusToken, StatusTokens } from '../revocation/status-token.ts';

/**
 * Token Status Lists (draft-ietf-oauth-status-list, sections 8 and 9): `/status-lists/ID` for whoever holds a token of the
 * list, and `/status-lists` for whoever wants all of them. Public on purpose: a list says which of a million tokens were
 * revoked, and not whose they are.
 */
interface StatusListsContext {
  readonly config: Pick<Config, 'issuer'>;
  readonly statusBoard: StatusBoard;
  readonly statusTokens: StatusTokens;
}

export const STATUS_LISTS_PATH = '/status-lists';

const PREFIX = `${STATUS_LISTS_PATH}/`;

/** How long a client may keep the list of lists: a new one appears when a process starts, and once an hour. */
const AGGREGATION_MAX_AGE_SECONDS = 60;

export function statusLists(services: StatusListsContext): Middleware {
  return async function serveStatusLists(ctx, next) {
    if (ctx.path !== STATUS_LISTS_PATH && !ctx.path.startsWith(PREFIX)) return next();
    // Section 8.1: browsers verify tokens, too.
    ctx.set('Access-Control-Allow-Origin', '*');
    ctx.set('Access-Control-Expose-Headers', 'ETag, Revocation-Position');
    if (ctx.method === 'OPTIONS') return preflight(ctx);
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next();
    if (ctx.path === STATUS_LISTS_PATH) await sendAll(ctx, services);
    else await sendOne(ctx, services);
    return undefined;
  };
}

function preflight(ctx: Context): void {
  ctx.set('Access-Control-Allow-Methods', 'GET, HEAD');
  ctx.set('Access-Control-Allow-Headers', 'If-None-Match, Cache-Control');
  ctx.set('Access-Control-Max-Age', '86400');
  ctx.status = 204;
}

async function sendAll(ctx: Context, { config, statusBoard }: StatusListsContext): Promise<void> {
  const lists = await statusBoard.list();
  ctx.set('Cache-Control', `public, max-age=${AGGREGATION_MAX_AGE_SECONDS}`);
  ctx.body = { status_lists: lists.map(({ id }) => statusListUri(config.issuer, id)) };
}

async function sendOne(ctx: Context, { statusTokens }: StatusListsContext): Promise<void> {
  // Section 8.4: what was the status at another time? We keep no history.
  if ('time' in ctx.query) throw httpError('not_implemented', 'Status lists of the past are not kept.');
  const found = await statusTokens.find(ctx.path.slice(PREFIX.length));
  if (!found) throw httpError('not_found', 'There is no such status list, or its last token has expired.');
  ctx.set('Content-Type', 'application/statuslist+jwt');
  // Whoever keeps it asks again before using it: `ttl` counts from our answer, not from that of a cache on the way.
  ctx.set('Cache-Control', 'public, no-cache');
  ctx.set('Revocation-Position', String(found.position));
  ctx.vary('Accept-Encoding');
  const encoding = ctx.acceptsEncodings('gzip', 'identity');
  ctx.set('ETag', etagOf(found));
  if (knows(ctx, found)) {
    ctx.status = 304;
    return;
  }
  ctx.status = 200;
  if (encoding === 'gzip') {
    ctx.set('Content-Encoding', 'gzip');
    ctx.body = await found.gzipped();
  } else {
    ctx.body = found.jwt;
    ctx.set('Content-Type', 'application/statuslist+jwt');
  }
}

/** RFC 9110 §8.8.1: weak, because what it stands for is signed anew now and then, and sent in two encodings. */
function etagOf({ etag }: FoundStatusToken): string {
  return `W/"${etag}"`;
}

/** RFC 9110 §13.1.2: compared without the mark of weakness. */
function knows(ctx: Context, found: FoundStatusToken): boolean {
  const known = ctx.get('If-None-Match');
  return known === '*' || known.includes(`"${found.etag}"`);
}
