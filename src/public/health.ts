import { isUnavailable, type Database } from '../db/database.ts';
import { pendingMigrations } from '../db/migrate.ts';
import type { Middleware } from '../http/middleware.ts';
import type { KeyRing } from '../keys/key-ring.ts';

export const HEALTH_PATHS = ['/livez', '/readyz'] as const;

/** A load balancer asks every few seconds; the schema is looked at in the same query. */
export interface HealthContext {
  readonly db: Database;
  readonly keys: KeyRing;
  /** True from the moment the process was told to stop. */
  readonly isDraining: () => boolean;
}

/** `/livez`: the event loop turns. `/readyz`: this process can do its work. Neither says more than that. */
export function health(ctx: HealthContext): Middleware {
  return async function answerProbe(koa, next) {
    if (koa.path !== '/livez' && koa.path !== '/readyz') return next();
    if (koa.method !== 'GET' && koa.method !== 'HEAD') return next();
    const ready = koa.path === '/livez' || (await isReady(ctx));
    koa.status = ready ? 200 : 503;
    koa.set('Cache-Control', 'no-store');
    if (!ready) koa.set('Retry-After', '1');
    koa.type = 'text/plain';
    koa.body = ready ? 'ok\n' : 'not ready\n';
    return undefined;
  };
}

async function isReady({ db, keys, isDraining }: HealthContext): Promise<boolean> {
  if (isDraining() || keys.activeKid('ES256') === undefined) return false;
  try {
    return (await pendingMigrations(db)).length === 0;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
}
