import type { Context } from 'koa';

import { newId, randomToken } from '../crypto/ids.ts';
import { equal, hmac, sha256 } from '../crypto/digest.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';
import { saveRememberedDevice, useRememberedDevice } from '../authenticators/remembered-device-store.ts';
import type { InteractionsContext } from './context.ts';

/**
 * "Do not ask on this device": a signed token in a cookie, and a row for each account that is remembered there. The cookie
 * is nothing without the row, and the row counts for its account alone.
 */
const TOKEN_BYTES = 32;
const DAY_MS = 24 * 3600 * 1000;
const USER_AGENT_LENGTH_MAX = 300;

/** After the second factor was proved in this very request. */
export async function rememberSecondFactor(
  { config, clock, db, secrets }: InteractionsContext,
  ctx: Context,
  accountId: string,
): Promise<void> {
  const lifetimeMs = config.authentication.rememberDeviceDays * DAY_MS;
  if (lifetimeMs === 0) return;
  const token = readToken(secrets, ctx) ?? randomToken(TOKEN_BYTES);
  const now = clock.now();
  await saveRememberedDevice(db.knex, {
    id: newId('rdv'),
    device: sha256(token),
    accountId,
    userAgent: storable(ctx.get('User-Agent')),
    now,
    expiresAt: new Date(now.getTime() + lifetimeMs),
  });
  ctx.cookies.set(cookieName(ctx), `${token}.${macOf(secrets.rememberedDeviceKey, token)}`, {
    signed: false,
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/',
    maxAge: lifetimeMs,
    overwrite: true,
  });
}

/** Whether this person need not prove their second factor here. Counts as a use of the device. */
export async function isSecondFactorRemembered(
  { config, clock, db, secrets }: InteractionsContext,
  ctx: Context,
  accountId: string,
): Promise<boolean> {
  // An operator who sets it to 0 means those that are remembered, too.
  if (config.authentication.rememberDeviceDays === 0) return false;
  const device = rememberedDeviceDigest(secrets, ctx);
  return device !== undefined && useRememberedDevice(db.knex, { device, accountId, now: clock.now() });
}

/** As the rows know the browser; undefined when it is remembered for nobody. */
export function rememberedDeviceDigest(secrets: Secrets, ctx: Context): Buffer | undefined {
  const token = readToken(secrets, ctx);
  return token === undefined ? undefined : sha256(token);
}

function readToken(secrets: Secrets, ctx: Context): string | undefined {
  const [token = '', mac = ''] = (ctx.cookies.get(cookieName(ctx), { signed: false }) ?? '').split('.');
  const keys = verificationKeys(secrets, 'rememberedDeviceKey');
  return keys.some((key) => equal(Buffer.from(macOf(key, token)), Buffer.from(mac))) ? token : undefined;
}

function cookieName(ctx: Context): string {
  return ctx.secure ? '__Host-guichet-remembered' : 'guichet-remembered';
}

function macOf(key: Buffer, token: string): string {
  return hmac(key, token).toString('base64url');
}

function storable(userAgent: string): string {
  return userAgent.replaceAll(/[^\x20-\x7e]/g, '').slice(0, USER_AGENT_LENGTH_MAX);
}
