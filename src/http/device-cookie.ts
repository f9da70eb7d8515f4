import type Koa from 'koa';
import { equal, hmac } from '../crypto/digest.ts';
import { randomToken } from '../crypto/ids.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';

/**
 * Remembers that an account has signed in on this device. It proves nothing but that, and is used for one thing: a known
 * device has failure counters of its own, so strangers who fail at an account's password cannot lock its owner out.
 */

/** The longest life browsers grant a cookie; each sign-in renews it. */
const MAX_AGE_MS = 400 * 24 * 3600 * 1000;

/** People who share a device. The oldest is forgotten. */
const ACCOUNTS_MAX = 8;

/** Not an account: the MAC that says an id is of our making. */
const EVERYBODY = '*';

const ID_BYTES = 16;
const MAC_BYTES = 16;

/** The device's id if the account has signed in on it before. */
export function knownDevice(secrets: Secrets, ctx: Koa.Context, accountId: string): string | undefined {
  const { id, macs } = readCookie(ctx);
  return isOurs(secrets, id, accountId, macs) ? id : undefined;
}

/** Call after a successful sign-in. */
export function rememberDevice(secrets: Secrets, ctx: Koa.Context, accountId: string): void {
  const cookie = readCookie(ctx);
  // An id is kept only where we made it.
  const kept = isOurs(secrets, cookie.id, EVERYBODY, [cookie.idMac]);
  const id = kept ? cookie.id : randomToken(ID_BYTES);
  const key = secrets.deviceCookieKey;
  const mac = macOf(key, id, accountId);
  const others = kept ? cookie.macs.filter((other) => other !== mac) : [];
  const value = [id, macOf(key, id, EVERYBODY), mac, ...others.slice(0, ACCOUNTS_MAX - 1)].join('.');
  ctx.cookies.set(cookieName(ctx), value, {
    signed: false,
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/',
    maxAge: MAX_AGE_MS,
    overwrite: true,
  });
}

/** `id.mac-of-id.mac-for-account…`, the account that signed in last first. */
function readCookie(ctx: Koa.Context): { id: string; idMac: string; macs: string[] } {
  const [id = '', idMac = '', ...macs] = (ctx.cookies.get(cookieName(ctx), { signed: false }) ?? '').split(
    '.',
  );
  return { id, idMac, macs: macs.slice(0, ACCOUNTS_MAX) };
}

function isOurs(secrets: Secrets, id: string, accountId: string, macs: readonly string[]): boolean {
  if (id === '') return false;
  return verificationKeys(secrets, 'deviceCookieKey').some((key) => {
    const expected = Buffer.from(macOf(key, id, accountId));
    return macs.some((mac) => equal(expected, Buffer.from(mac)));
  });
}

function cookieName(ctx: Koa.Context): string {
  return ctx.secure ? '__Host-guichet-device' : 'guichet-device';
}

function macOf(key: Buffer, id: string, accountId: string): string {
  return hmac(key, `${id}:${accountId}`).subarray(0, MAC_BYTES).toString('base64url');
}
