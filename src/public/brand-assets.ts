import type { Middleware } from 'koa';

import { accentStyles } from '../../views/palette.ts';
import { findLogo } from '../clients/brand-store.ts';
import type { Database } from '../db/database.ts';

const ACCENT = /^\/assets\/accent-([0-9a-f]{6})\.css$/;
const LOGO = /^\/assets\/logo-([0-9a-f]{16})$/;
const FOREVER = 'public, max-age=31536000, immutable';

/** What clients brought to their pages: a colour, a picture. Both addresses say everything that the answer depends on. */
export function brandAssets({ db }: { db: Database }): Middleware {
  return async function serveBrandAssets(ctx, next) {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next();
    const [, color] = ACCENT.exec(ctx.path) ?? [];
    const [, digest] = LOGO.exec(ctx.path) ?? [];
    if (color !== undefined) {
      ctx.type = 'text/css; charset=utf-8';
      ctx.body = accentStyles(`#${color}`);
    } else {
      const logo = digest === undefined ? undefined : await findLogo(db.knex, digest);
      if (!logo) return next();
      ctx.type = logo.type;
      ctx.body = logo.body;
    }
    ctx.set('Cache-Control', FOREVER);
  };
}
