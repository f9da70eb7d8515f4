/** T8: options that the library leaves lax. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import {
  authorizationPath,
  authorize,
  cookiesOf,
  makeApp,
  mintCode,
  obtainTokens,
  redeem,
  refresh,
  signIn,
  tokensOf,
  type App,
} from '../support/app.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let node: Node;
let app: App;
let cookie: string;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services);
  const walker = createWalker({ origin: server.issuer });
  await signIn(walker, app, await makePerson(server.services));
  cookie = cookiesOf(walker, server.issuer);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

describe.each(['web', 'spa', 'native'] as const)('a %s client', (kind) => {
  test('gets no code without PKCE, and none with the plain method', async () => {
    const client = await makeApp(server.services, { kind });
    const without = await authorize(node, client, cookie, {
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    const plain = await authorize(node, client, cookie, { code_challenge_method: 'plain' });
    const implied = await authorize(node, client, cookie, { code_challenge_method: undefined });
    for (const { location } of [without, plain, implied]) {
      expect(location?.searchParams.get('error')).toBe('invalid_request');
      expect(location?.searchParams.has('code')).toBe(false);
    }
  });

  test('names its redirect URI, though it has registered a single one', async () => {
    const client = await makeApp(server.services, { kind });
    const answer = await authorize(node, client, cookie, { redirect_uri: undefined });
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });
});

test('the redirect URI is named at the token endpoint, too', async () => {
  const code = await mintCode(node, app, cookie);
  expect((await redeem(node, app, code, { redirect_uri: undefined })).json['error']).toBe('invalid_request');
});

test('every refresh rotates, from the first on, for confidential clients as well', async () => {
  let { refresh: token } = await obtainTokens(node, app, cookie);
  const seen = new Set([token]);
  for (let turn = 0; turn < 4; turn += 1) {
    token = tokensOf(await refresh(node, app, token)).refresh;
    seen.add(token);
  }
  expect(seen.size).toBe(5);
});

describe('cookies', () => {
  test('are signed, out of reach of scripts, and not sent along by other sites’ forms', async () => {
    const fresh = await node.call('GET', authorizationPath(app));
    const cookies = fresh.headers['set-cookie'] ?? [];
    const names = cookies.map((text) => text.split('=', 1)[0]);
    for (const name of ['guichet-session', 'guichet-interaction', 'guichet-resume']) {
      expect(names).toContain(name);
      expect(names).toContain(`${name}.sig`);
    }
    for (const text of cookies) {
      expect(text.toLowerCase()).toContain('httponly');
      expect(text.toLowerCase()).toContain('samesite=lax');
    }
  });

  test('that somebody has changed, or has not signed, are no session', async () => {
    const pairs = cookie.split('; ');
    const session = pairs.find((pair) => pair.startsWith('guichet-session=')) ?? '';
    const signature = pairs.find((pair) => pair.startsWith('guichet-session.sig=')) ?? '';
    expect(
      (await authorize(node, app, [session, signature].join('; '))).location?.searchParams.has('code'),
    ).toBe(true);
    const forged = signature.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    for (const header of [session, [session, forged].join('; ')]) {
      expect((await authorize(node, app, header)).location?.pathname).toMatch(/^\/interaction\//);
    }
  });

  test('of an https issuer are bound to its host', async () => {
    const issuer = 'https://id.example';
    const secure = await startTestServer({ database: server.database, env: { GUICHET_ISSUER: issuer } });
    const at = createNode(secure.services.config.listen.port, issuer);
    try {
      const { headers } = await at.call('GET', authorizationPath(app));
      const cookies = headers['set-cookie'] ?? [];
      const session = cookies.filter((text) => text.startsWith('__Host-guichet-session'));
      expect(session).toHaveLength(2);
      for (const text of session) expect(text).toMatch(/; path=\/; .*secure/i);
      for (const text of cookies) expect(text).toMatch(/^__(Host|Secure)-.*; secure/i);
    } finally {
      at.close();
      await secure.stop();
    }
  });
});

test('every page says what it may load', async () => {
  for (const target of ['/', '/device', '/session/end', '/nowhere', `/auth?client_id=${app.id}`]) {
    const { headers } = await node.call('GET', target, { headers: { accept: 'text/html' } });
    const policy = String(headers['content-security-policy']);
    expect(policy, target).toContain("default-src 'none'");
    expect(policy, target).toContain("frame-ancestors 'none'");
  }
});
