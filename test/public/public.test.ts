import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { findAll } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let stylesheet: string;

beforeAll(async () => {
  server = await startTestServer();
  const page = await createWalker({ origin: server.issuer }).visit('/');
  const link = findAll(page.document, 'link').find(({ attributes }) => attributes['rel'] === 'stylesheet');
  stylesheet = server.issuer + (link?.attributes['href'] ?? '');
});

afterAll(() => server.stop());

describe('the front page', () => {
  test('says what this is and leads to the metadata, the keys and a first token', async () => {
    const visitor = createWalker({ origin: server.issuer });
    const page = await visitor.visit('/');
    expect(page.status).toBe(200);
    expect(page.heading).toBe('Guichet');
    expect(page.text).toContain(
      `curl -u CLIENT_ID:CLIENT_SECRET \\ -d grant_type=client_credentials \\ ${server.issuer}/token`,
    );
    const links = findAll(page.document, 'a').map(({ attributes }) => attributes['href'] ?? '');
    // The account pages lead to the sign-in.
    for (const link of links) expect((await visitor.visit(link)).status).toBe(200);
    expect(links).toEqual(
      expect.arrayContaining([
        '/.well-known/openid-configuration',
        '/.well-known/oauth-authorization-server',
        '/jwks',
      ]),
    );
  });
});

describe('an asset', () => {
  test('is kept for ever under an address that holds its hash', async () => {
    const response = await fetch(stylesheet);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('text/css; charset=utf-8');
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(await response.text()).toContain('--accent');
  });

  test('is not sent again to whoever has it', async () => {
    const etag = (await fetch(stylesheet)).headers.get('ETag') ?? '';
    // Without a word on caching, fetch would add one that forbids it.
    const headers = { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' };
    const response = await fetch(stylesheet, { headers });
    expect(response.status).toBe(304);
    expect(await response.text()).toBe('');
  });

  test('of another version is answered by this one, and not kept', async () => {
    const response = await fetch(stylesheet.replace(/\.[0-9a-f]{16}\./, '.0123456789abcdef.'));
    expect(response.status).toBe(200);
    expect(response.headers.get('Cache-Control')).toBe('no-cache');
  });

  test.each([
    '/assets/',
    '/assets/guichet.css.map',
    '/assets/..%2frender.ts',
    '/assets/../render.ts',
    '/views/render.ts',
  ])('is nothing else of the disk: %s', async (path) => {
    expect((await fetch(server.issuer + path)).status).toBe(404);
  });
});
