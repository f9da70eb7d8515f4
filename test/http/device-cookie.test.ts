import { expect, test } from 'vitest';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import { knownDevice, rememberDevice } from '../../src/http/device-cookie.ts';
import type { Middleware } from '../../src/http/middleware.ts';
import { startSite, type Site } from './harness.ts';

const SECRET = ['the-only-secret-of-more-than-32-characters'];

function device(secret: string[]): Middleware {
  const secrets = deriveSecrets({ secrets: { secret } });
  return async function rememberOrKnow(ctx) {
    const accountId = String(ctx.query['account']);
    if (ctx.method === 'POST') rememberDevice(secrets, ctx, accountId);
    ctx.body = { id: knownDevice(secrets, ctx, accountId) ?? null };
  };
}

const host = (site: Site) => new URL(site.issuer).host;

async function signIn(site: Site, account: string, cookie = ''): Promise<string> {
  const { headers } = await site.post(`/x?account=${account}`, '', { headers: { host: host(site), cookie } });
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

async function deviceOf(site: Site, account: string, cookie: string): Promise<unknown> {
  const { json } = await site.get(`/x?account=${account}`, { headers: { host: host(site), cookie } });
  return json['id'];
}

test('a device is known to the account that signed in on it, and to no other', async () => {
  await using site = await startSite([device(SECRET)]);
  const cookie = await signIn(site, 'acc_1');
  expect(await deviceOf(site, 'acc_1', cookie)).toMatch(/^[\w-]{22}$/);
  expect(await deviceOf(site, 'acc_2', cookie)).toBeNull();
  expect(await deviceOf(site, 'acc_1', '')).toBeNull();
});

test('people who share a device are all known there', async () => {
  await using site = await startSite([device(SECRET)]);
  const first = await signIn(site, 'acc_1');
  const both = await signIn(site, 'acc_2', first);
  const id = await deviceOf(site, 'acc_1', both);
  expect(id).toBe(await deviceOf(site, 'acc_1', first));
  expect(await deviceOf(site, 'acc_2', both)).toBe(id);
  expect(await signIn(site, 'acc_2', both)).toBe(both);
});

test('the oldest of many is forgotten and the cookie stays small', async () => {
  await using site = await startSite([device(SECRET)]);
  let cookie = '';
  for (let account = 1; account <= 20; account += 1) cookie = await signIn(site, `acc_${account}`, cookie);
  expect(cookie.length).toBeLessThan(300);
  expect(await deviceOf(site, 'acc_20', cookie)).not.toBeNull();
  expect(await deviceOf(site, 'acc_13', cookie)).not.toBeNull();
  expect(await deviceOf(site, 'acc_12', cookie)).toBeNull();
});

test('a cookie that we did not make is not extended', async () => {
  await using site = await startSite([device(SECRET)]);
  const cookie = await signIn(site, 'acc_1');
  for (const forged of [
    'x.y.z',
    cookie.replace('=', '=A'),
    `${cookie.split('.')[0]}.x`,
    '__Host-guichet-device=',
  ]) {
    const name = forged.startsWith('__Host') ? forged : `__Host-guichet-device=${forged}`;
    expect(await deviceOf(site, 'acc_1', name)).toBeNull();
    const planted = name.slice('__Host-guichet-device='.length).split('.')[0];
    const fresh = await signIn(site, 'acc_2', name);
    expect(fresh.split('=')[1]?.split('.')[0]).not.toBe(planted);
  }
});

test('the cookie lives long, belongs to this host alone and outlives the rotation of the secret', async () => {
  await using site = await startSite([device(SECRET)]);
  const { headers } = await site.post('/x?account=acc_1', '');
  expect(headers['set-cookie']?.[0]).toMatch(
    /^__Host-guichet-device=[\w.-]+; path=\/; expires=[^;]+; samesite=lax; secure; httponly$/i,
  );
  const cookie = await signIn(site, 'acc_1');
  await using rotated = await startSite([device(['the-next-secret-of-more-than-32-characters', ...SECRET])]);
  expect(await deviceOf(rotated, 'acc_1', cookie)).not.toBeNull();
  await using local = await startSite([device(SECRET)], { issuer: 'http://localhost:3000' });
  expect(await signIn(local, 'acc_1')).toMatch(/^guichet-device=/);
});
