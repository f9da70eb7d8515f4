import { expect, test } from 'vitest';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import { checkCsrf, csrfToken } from '../../src/http/csrf.ts';
import type { Middleware } from '../../src/http/middleware.ts';
import { startSite, type Answer, type Site } from './harness.ts';

const OLD = 'an-old-secret-of-more-than-32-characters';
const NEW = 'the-next-secret-of-more-than-32-characters';

function form(secret: string[]): Middleware {
  const secrets = deriveSecrets({ secrets: { secret } });
  return async function showOrTake(ctx) {
    const binding = ctx.path;
    if (ctx.method === 'GET') {
      ctx.body = { token: csrfToken(secrets, ctx, binding), again: csrfToken(secrets, ctx, binding) };
      return;
    }
    checkCsrf(secrets, ctx, binding);
    ctx.body = { done: true };
  };
}

async function open(site: Site, path = '/form', cookie = '') {
  const { headers, json } = await site.get(path, { headers: { host: new URL(site.issuer).host, cookie } });
  const planted = headers['set-cookie']?.[0];
  return {
    token: String(json['token']),
    again: json['again'],
    planted,
    cookie: planted?.split(';')[0] ?? cookie,
  };
}

function submit(
  site: Site,
  { token, cookie }: { token: string; cookie: string },
  headers: Record<string, string> = {},
  path = '/form',
): Promise<Answer> {
  return site.post(path, new URLSearchParams({ csrf: token }).toString(), {
    headers: {
      host: new URL(site.issuer).host,
      'content-type': 'application/x-www-form-urlencoded',
      cookie,
      ...headers,
    },
  });
}

test('our own form is accepted, as often as it is sent', async () => {
  await using site = await startSite([form([OLD])]);
  const page = await open(site);
  expect(page.again).toBe(page.token);
  expect((await submit(site, page)).status).toBe(200);
  expect((await submit(site, page)).status).toBe(200);
});

test('a second tab does not spoil the first', async () => {
  await using site = await startSite([form([OLD])]);
  const first = await open(site);
  const second = await open(site, '/form', first.cookie);
  expect(second.planted).toBeUndefined();
  expect((await submit(site, { token: first.token, cookie: second.cookie })).status).toBe(200);
});

test('the cookie belongs to this host alone on https', async () => {
  await using site = await startSite([form([OLD])]);
  expect((await open(site)).planted).toMatch(
    /^__Host-guichet-csrf=[\w.-]+; path=\/; samesite=lax; secure; httponly$/i,
  );
  await using local = await startSite([form([OLD])], { issuer: 'http://localhost:3000' });
  expect((await open(local)).planted).toMatch(/^guichet-csrf=[\w.-]+; path=\/; samesite=lax; httponly$/i);
});

test('another site’s form is refused', async () => {
  await using site = await startSite([form([OLD])]);
  const page = await open(site);
  const stranger = await open(site);
  const other = await open(site, '/other', page.cookie);
  const forgeries = [
    submit(site, { token: '', cookie: page.cookie }),
    submit(site, { token: stranger.token, cookie: page.cookie }),
    submit(site, { token: page.token, cookie: '' }),
    submit(site, { token: page.token, cookie: '__Host-guichet-csrf=seed.mac' }),
    submit(site, { token: page.token, cookie: page.cookie.replace(/\..*/, '.') }),
    submit(site, { token: other.token, cookie: page.cookie }),
    submit(site, page, { 'sec-fetch-site': 'cross-site' }),
    submit(site, page, { 'sec-fetch-site': 'same-site' }),
    submit(site, page, { origin: 'https://evil.example' }),
    submit(site, page, { origin: 'http://id.example.com' }),
  ];
  for (const { status, json } of await Promise.all(forgeries)) {
    expect(status).toBe(403);
    expect(json['code']).toBe('csrf_failed');
  }
});

test('what browsers send along with our own form is accepted', async () => {
  await using site = await startSite([form([OLD])]);
  const page = await open(site);
  // Referrer-Policy: no-referrer makes browsers send Origin: null with a form.
  expect((await submit(site, page, { origin: 'null', 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await submit(site, page, { origin: 'https://id.example.com' })).status).toBe(200);
});

test('a form outlives the rotation of the secret', async () => {
  await using before = await startSite([form([OLD])]);
  const page = await open(before);
  await using during = await startSite([form([NEW, OLD])]);
  expect((await submit(during, page)).status).toBe(200);
  await using after = await startSite([form([NEW])]);
  expect((await submit(after, page)).status).toBe(403);
});
