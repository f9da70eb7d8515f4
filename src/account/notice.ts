import type { Context } from 'koa';
import { z } from 'zod';

import type { AccountNotice } from '../../views/locals/account.ts';

/**
 * What has just been done, for the page that comes after the redirect. It travels in a signed cookie and not in the address,
 * so that no link can make a page say something that has not happened.
 */

/** Long enough for a redirect over a slow line. */
const LIFETIME_MS = 60_000;

const count = z.number().int().nonnegative();

const notice = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['saved', 'nothingEnded', 'identityConnected', 'identityDisconnected']) }),
  z.object({ kind: z.literal('sessionsEnded'), sessions: count, tokens: count }),
  z.object({ kind: z.literal('accessWithdrawn'), client: z.string(), tokens: count }),
]);

export function leaveNotice(ctx: Context, left: AccountNotice): void {
  const value = Buffer.from(JSON.stringify(left)).toString('base64url');
  ctx.cookies.set(cookieName(ctx), value, { ...attributes(ctx), maxAge: LIFETIME_MS });
}

/** Told once: it is taken away with the answer. */
export function takeNotice(ctx: Context): AccountNotice | undefined {
  const value = ctx.cookies.get(cookieName(ctx), { signed: true });
  if (value === undefined) return undefined;
  ctx.cookies.set(cookieName(ctx), null, attributes(ctx));
  return notice.safeParse(JSON.parse(Buffer.from(value, 'base64url').toString())).data;
}

function attributes(ctx: Context) {
  return {
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/',
    overwrite: true,
  } as const;
}

function cookieName(ctx: Context): string {
  return ctx.secure ? '__Host-guichet-notice' : 'guichet-notice';
}
