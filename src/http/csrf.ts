import type Koa from 'koa';
import { equal, hmac } from '../crypto/digest.ts';
import { randomToken } from '../crypto/ids.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';
import { httpError } from './errors.ts';
import { stateOf } from './middleware.ts';
import { readForm } from './read-body.ts';

/** Name of the hidden field in every form that changes something. */
export const CSRF_FIELD = 'csrf';

const SEED_BYTES = 24;

/**
 * A signed double submit: a random seed in a cookie, and in the form a MAC of that seed. The cookie is signed as well, so
 * that somebody who can plant cookies (a sibling domain) cannot plant a seed he knows a token for without asking us,
 * and on https its `__Host-` name keeps siblings from planting at all. `binding` ties a token to one form, such as an
 * interaction's uid.
 */
export function csrfToken(secrets: Secrets, ctx: Koa.Context, binding = ''): string {
  const seed = currentSeed(secrets, ctx) ?? plantSeed(secrets, ctx);
  return formToken(secrets.csrfKey, seed, binding);
}

/** Refuses (403) a form that another site made the browser send. */
export function checkCsrf(secrets: Secrets, ctx: Koa.Context, binding = ''): void {
  const seed = currentSeed(secrets, ctx);
  const presented = Buffer.from(readForm(ctx).get(CSRF_FIELD) ?? '');
  const matches =
    seed !== undefined &&
    verificationKeys(secrets, 'csrfKey').some((key) =>
      equal(Buffer.from(formToken(key, seed, binding)), presented),
    );
  if (!matches || isFromElsewhere(ctx)) {
    throw httpError(
      'csrf_failed',
      'This form has expired or was not sent by this page. Please go back, reload it and try again.',
    );
  }
}

/**
 * What browsers say about the sender. `Origin: null` is what our own `Referrer-Policy: no-referrer` makes of it, so it
 * proves nothing; `Sec-Fetch-Site` is exact where it exists.
 */
function isFromElsewhere(ctx: Koa.Context): boolean {
  const site = ctx.get('Sec-Fetch-Site');
  if (site) return site !== 'same-origin' && site !== 'none';
  const origin = ctx.get('Origin');
  return origin !== '' && origin !== 'null' && origin !== `${ctx.protocol}://${ctx.host}`;
}

function currentSeed(secrets: Secrets, ctx: Koa.Context): string | undefined {
  const planted = stateOf(ctx).csrfSeed;
  if (planted) return planted;
  const [seed = '', mac = ''] = (ctx.cookies.get(cookieName(ctx), { signed: false }) ?? '').split('.');
  const keys = verificationKeys(secrets, 'csrfKey');
  return keys.some((key) => equal(Buffer.from(cookieMac(key, seed)), Buffer.from(mac))) ? seed : undefined;
}

function plantSeed(secrets: Secrets, ctx: Koa.Context): string {
  const seed = randomToken(SEED_BYTES);
  stateOf(ctx).csrfSeed = seed;
  // Lax, not Strict: the page is reached by a link from the client's site, and a fresh seed then would break open tabs.
  ctx.cookies.set(cookieName(ctx), `${seed}.${cookieMac(secrets.csrfKey, seed)}`, {
    signed: false,
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/',
    overwrite: true,
  });
  return seed;
}

function cookieName(ctx: Koa.Context): string {
  return ctx.secure ? '__Host-guichet-csrf' : 'guichet-csrf';
}

function cookieMac(key: Buffer, seed: string): string {
  return hmac(key, `cookie:${seed}`).toString('base64url');
}

function formToken(key: Buffer, seed: string, binding: string): string {
  return hmac(key, `form:${seed}:${binding}`).toString('base64url');
}
