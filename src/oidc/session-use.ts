import type { Context } from 'koa';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

import { stateOf } from '../http/middleware.ts';
import { storableUserAgent, touchSeconds, type Session, type SessionDevice } from '../sessions/session.ts';
import { touchSession, type SessionWrite } from '../sessions/store.ts';
import type { HallContext } from './context.ts';

/**
 * A session is used when its browser comes with it, and when an application refreshes a token that ends with it: somebody is
 * working in that application. Reading userinfo is no use, applications do that by themselves.
 */
const bound = new WeakMap<object, Session>();

/** The session of the token that the request under way has presented. */
export function noteBound(session: Session): void {
  const ctx = Provider.ctx;
  if (ctx?.oidc.route === 'token') bound.set(ctx, session);
}

/** After tokens were issued for a spent `model`. The browser is not here, so what is known of it stays. */
export async function recordRefresh(
  hall: HallContext,
  ctx: object,
  model: string | undefined,
): Promise<void> {
  const session = bound.get(ctx);
  if (session && model === 'RefreshToken') await recordUse(hall, session, null);
}

/** Writes the use down unless one was a moment ago; most requests write nothing. */
export async function recordUse(
  hall: HallContext,
  { uid, lastUsedAt }: Pick<Session, 'uid' | 'lastUsedAt'>,
  device: SessionDevice | null,
): Promise<void> {
  const use = useNow(hall);
  if (lastUsedAt <= use.before) await touchSession(hall.db.pool, uid, { ...use, device });
}

/** The same outside of the library's routes. */
export async function recordVisit(hall: HallContext, uid: string, ctx: Context): Promise<void> {
  await touchSession(hall.db.pool, uid, { ...useNow(hall), device: deviceOf(ctx) });
}

/** The browser of the request. */
export function browserOf(ctx: KoaContextWithOIDC | undefined): SessionDevice {
  return ctx ? deviceOf(ctx) : { userAgent: null, address: null };
}

function deviceOf(ctx: Context): SessionDevice {
  return { userAgent: storableUserAgent(ctx.get('user-agent')), address: stateOf(ctx).address };
}

function useNow({ clock, config }: HallContext): { now: Date; before: Date } {
  const now = clock.now();
  return { now, before: new Date(now.getTime() - touchSeconds(config.sessions.idleSeconds) * 1000) };
}

/** What the sign-in that the request completes says of an upstream (SignInResult in interactions.ts). */
export function identityOf(ctx: KoaContextWithOIDC | undefined): SessionWrite['identity'] {
  const login: Readonly<Record<string, unknown>> = { ...ctx?.oidc.result?.login };
  const { identityId, upstreamSid } = login;
  if (typeof identityId !== 'string') return null;
  return { id: identityId, upstreamSid: typeof upstreamSid === 'string' ? upstreamSid : null };
}

/** The interaction in which everything was proved, of the sign-in that the request completes. */
export function provedIn(ctx: KoaContextWithOIDC | undefined): string | null {
  const login: Readonly<Record<string, unknown>> = { ...ctx?.oidc.result?.login };
  return typeof login['provedIn'] === 'string' ? login['provedIn'] : null;
}
