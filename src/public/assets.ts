import type { Middleware } from 'koa';

import type { Asset } from '../../views/assets.ts';

const FOREVER = 'public, max-age=31536000, immutable';

/** Name and extension around the hash of another version. */
const VERSIONED = /^\/assets\/([a-z0-9-]+)\.[0-9a-f]{16}(\.[a-z0-9]+)$/;

/**
 * The files of `views/assets`, and nothing else: an address is looked up in a table, never in the file system. While
 * processes of two versions answer side by side, a page of one may ask the other for its styles: it gets what there is, and
 * nobody keeps it.
 */
export function assets({ views }: { views: { readonly assets: readonly Asset[] } }): Middleware {
  const byUrl = new Map(views.assets.map((asset) => [asset.url, asset]));
  const byName = new Map(views.assets.map((asset) => [asset.name, asset]));

  return function serveAssets(ctx, next) {
    if (!ctx.path.startsWith('/assets/') || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next();
    const exact = byUrl.get(ctx.path);
    const asset = exact ?? byName.get(ctx.path.replace(VERSIONED, '$1$2'));
    if (!asset) return next();
    ctx.status = 200;
    ctx.set('Content-Type', asset.type);
    ctx.set('Cache-Control', exact ? FOREVER : 'no-cache');
    ctx.set('ETag', asset.etag);
    if (ctx.fresh) ctx.status = 304;
    else ctx.body = asset.body;
    return Promise.resolve();
  };
}
