import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { disableAccount } from '../../src/revocation/disable-account.ts';
import { disableApi } from '../../src/revocation/disable-api.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { makePerson, ORDERS } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { administer } from '../support/database.ts';
import { basic, form, post, send, sendRaw, type Answer } from './http.ts';
import {
  addApi,
  addClient,
  BILLS,
  introspect,
  issue,
  machineToken,
  openScene,
  refresh,
  revokeToken,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

const INACTIVE = '{"active":false}';

let scene: Scene;
let web: RelyingParty;
let spa: RelyingParty;
let machine: RelyingParty;
let orders: RelyingParty;
let bills: RelyingParty;
/** Another process of the same installation, for whom "at once" is harder. */
let other: TestServer;

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web');
  spa = await addClient(scene, 'spa');
  machine = await addClient(scene, 'machine');
  orders = await addClient(scene, 'api', { actsForAudience: ORDERS });
  bills = await addClient(scene, 'api', { actsForAudience: BILLS });
  other = await startTestServer({ database: scene.server.database, env: { GUICHET_ISSUER: scene.issuer } });
});
afterAll(async () => {
  await other.stop();
  await scene.stop();
});

/** The same request to the other process. */
function atOther(path: string, fields: Record<string, string>, client: RelyingParty): Promise<Answer> {
  return sendRaw({
    port: other.services.config.listen.port,
    method: 'POST',
    path,
    headers: {
      Host: new URL(scene.issuer).host,
      'Content-Type': 'application/x-www-form-urlencoded',
      ...client.headers,
    },
    body: form({ ...fields, ...client.fields }).toString(),
  });
}

const me = (token: string) => send(`${scene.issuer}/me`, { headers: { Authorization: `Bearer ${token}` } });
const isActive = async (client: RelyingParty, token: string) =>
  (await introspect(scene, client, token)).json['active'];

async function newMachineToken(client = machine): Promise<string> {
  return String((await machineToken(scene, client)).json['access_token']);
}

describe.each(['/token/revocation', '/token/introspection'])('REV-01 INT-01 %s', (path) => {
  test('REV-01 INT-01 wants a client that authenticates', async () => {
    const url = `${scene.issuer}${path}`;
    const token = await newMachineToken();
    const attempts: [Record<string, string>, Record<string, string>][] = [
      [{ token }, {}],
      [{ token, client_id: machine.id }, {}],
      [{ token, client_id: 'cli_unknown' }, {}],
      [{ token }, { Authorization: basic(machine.id, 'wrong') }],
      [{ token }, { Authorization: basic('cli_unknown', 'wrong') }],
      [{ token }, { Authorization: `Bearer ${token}` }],
      [{ token }, { Authorization: 'Basic' }],
      [{ token }, { Authorization: 'Negotiate abc' }],
    ];
    for (const [fields, headers] of attempts) {
      const { status, json } = await post(url, fields, headers);
      expect([400, 401]).toContain(status);
      expect(json['error']).toMatch(/^invalid_(client|request)$/);
      expect(json).not.toHaveProperty('active');
    }
    expect(await isActive(machine, token)).toBe(true);
  });

  test.each(['GET', 'PUT', 'DELETE', 'HEAD'])('REV-01 INT-01 does not answer %s', async (method) => {
    const { status } = await send(`${scene.issuer}${path}?token=x`, { method, headers: machine.headers });
    expect(status).toBe(405);
  });

  test('REV-01 INT-01 wants a token, once', async () => {
    const url = `${scene.issuer}${path}`;
    expect((await post(url, {}, machine.headers)).json['error']).toBe('invalid_request');
    const twice = [
      ['token', 'a'],
      ['token', 'b'],
    ] as const;
    expect((await post(url, twice, machine.headers)).json['error']).toBe('invalid_request');
  });
});

test('REV-02 the tokens of another client stay alive', async () => {
  const mine = await issue(scene, web);
  const machines = await newMachineToken();
  for (const token of [mine.access, mine.refresh, machines]) {
    const { status, json } = await revokeToken(scene, spa, token);
    if (status !== 200) expect([status, json['error']]).toEqual([400, 'invalid_request']);
    await revokeToken(scene, orders, token);
  }
  expect(await isActive(web, mine.access)).toBe(true);
  expect(await isActive(web, mine.refresh)).toBe(true);
  expect(await isActive(machine, machines)).toBe(true);
});

test('REV-03 what does not exist or is dead already is revoked with success', async () => {
  const token = await newMachineToken();
  const tokens = ['unknown', 'a.b.c', `${token}x`, token, token, 'e30.e30.', '\u00e9', 'x'.repeat(8000)];
  for (const dead of tokens) {
    const { status, text } = await revokeToken(scene, machine, dead);
    expect([status, text]).toEqual([200, '']);
  }
});

test('REV-04 what is revoked at one process is dead at every other, at once', async () => {
  const tokens = await issue(scene, web);
  const machines = await newMachineToken();
  expect((await atOther('/token/introspection', { token: tokens.access }, web)).json['active']).toBe(true);
  await revokeToken(scene, machine, machines);
  expect((await atOther('/token/introspection', { token: machines }, machine)).text).toBe(INACTIVE);
  await revokeToken(scene, web, tokens.refresh);
  for (const token of [tokens.access, tokens.refresh]) {
    expect((await atOther('/token/introspection', { token }, web)).text).toBe(INACTIVE);
  }
  const refreshed = { grant_type: 'refresh_token', refresh_token: tokens.refresh };
  expect((await atOther('/token', refreshed, web)).json['error']).toBe('invalid_grant');
});

test('REV-04 a revoked token is dead at userinfo', async () => {
  const { access } = await issue(scene, spa, { scope: 'openid', resource: undefined });
  expect((await me(access)).status).toBe(200);
  await revokeToken(scene, spa, access);
  expect((await me(access)).status).toBe(401);
});

test('REV-05 revoking the refresh token revokes the access tokens', async () => {
  const tokens = await issue(scene, web);
  const next = await refresh(scene, web, tokens.refresh);
  await revokeToken(scene, web, String(next.json['refresh_token']));
  expect(await isActive(web, tokens.access)).toBe(false);
  expect(await isActive(web, String(next.json['access_token']))).toBe(false);
});

test('REV-05 revoking a refresh token that was used already ends its successor', async () => {
  const tokens = await issue(scene, web);
  const next = await refresh(scene, web, tokens.refresh);
  await revokeToken(scene, web, tokens.refresh);
  expect(await isActive(web, String(next.json['refresh_token']))).toBe(false);
});

test('REV-05 revoking an access token ends that token alone', async () => {
  const tokens = await issue(scene, web);
  await revokeToken(scene, web, tokens.access);
  expect(await isActive(web, tokens.access)).toBe(false);
  expect((await refresh(scene, web, tokens.refresh)).status).toBe(200);
});

test.each(['access_token', 'refresh_token', 'id_token', 'nonsense', '__proto__', ''])(
  'REV-06 the hint %j keeps nothing alive',
  async (hint) => {
    const tokens = await issue(scene, web);
    const opaque = await issue(scene, spa, { scope: 'openid', resource: undefined });
    for (const [client, token] of [
      [web, tokens.access],
      [web, tokens.refresh],
      [spa, opaque.access],
    ] as const) {
      expect((await introspect(scene, client, token, { token_type_hint: hint })).json['active']).toBe(true);
      expect((await revokeToken(scene, client, token, { token_type_hint: hint })).status).toBe(200);
      expect(await isActive(client, token)).toBe(false);
    }
  },
);

test('REV-07 while the database is away a revocation is not confirmed', async () => {
  const away = await openScene({ env: { GUICHET_LOG_LEVEL: 'silent' } });
  try {
    const client = await addClient(away, 'machine');
    const token = String((await machineToken(away, client)).json['access_token']);
    const { database } = away.server.database.connection;
    await administer(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
    await administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
    for (const answer of [await revokeToken(away, client, token), await introspect(away, client, token)]) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.json['error']).toBe('temporarily_unavailable');
    }
    await administer(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
    expect((await introspect(away, client, token)).json['active']).toBe(true);
  } finally {
    await away.stop();
  }
});

describe('INT-02 INT-03 whatever a client may not know of looks the same to it', () => {
  test('INT-02 to the byte, headers included', async () => {
    const { services } = scene.server;
    const mine = await issue(scene, web);
    const foreign = await newMachineToken();
    const revoked = await newMachineToken(machine);
    await revokeToken(scene, machine, revoked);
    const forger = await generateKeyPair('ES256', { extractable: true });
    const forged = await new SignJWT({ sub: 'x', client_id: web.id })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: services.keys.activeKid('ES256') ?? '' })
      .setIssuer(scene.issuer)
      .setAudience(ORDERS)
      .setJti('made-up')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(forger.privateKey);
    const tampered = mine.access.replace(
      /\.[^.]+\./,
      `.${Buffer.from('{"jti":"x"}').toString('base64url')}.`,
    );
    const tokens = {
      foreign,
      revoked,
      forged,
      tampered,
      'without a signature': `${mine.access.split('.').slice(0, 2).join('.')}.`,
      'alg none': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${mine.access.split('.')[1]}.`,
      'an ID token': mine.id,
      garbage: 'garbage',
      'garbage that looks like a JWT': 'e30.e30.e30',
      'an authorization header': 'Bearer x',
      'the name of a row': 'AccessToken:x',
      'a grant': 'grt_x',
      'names of the prototype': '__proto__',
    };
    const names = (answer: Answer) => [...answer.headers.keys()].filter((name) => name !== 'date').toSorted();
    const reference = await introspect(scene, web, 'unknown');
    expect(reference.text).toBe(INACTIVE);
    for (const [name, token] of Object.entries(tokens)) {
      for (const accept of ['application/json', 'text/html', 'application/token-introspection+jwt', '*/*']) {
        const headers = { ...web.headers, Accept: accept };
        const answer = await post(`${scene.issuer}/token/introspection`, { token }, headers);
        expect([answer.status, answer.text], name).toEqual([200, INACTIVE]);
        expect(answer.headers.get('content-type'), name).toBe(reference.headers.get('content-type'));
        expect(names(answer), name).toEqual(names(reference));
      }
    }
  });

  test('INT-02 an expired token is inactive', async () => {
    const tokens = await issue(scene, web);
    expect((await after(3601, () => introspect(scene, web, tokens.access))).text).toBe(INACTIVE);
    expect((await after(31 * 86_400, () => introspect(scene, web, tokens.refresh))).text).toBe(INACTIVE);
  });

  test('INT-03 an API may ask about the tokens addressed to it and no others', async () => {
    const { access, refresh: refreshToken } = await issue(scene, web);
    const forBills = String(
      (await machineToken(scene, machine, { resource: BILLS, scope: 'bills:read' })).json['access_token'],
    );
    expect(await isActive(orders, access)).toBe(true);
    expect(await isActive(orders, forBills)).toBe(false);
    expect(await isActive(bills, access)).toBe(false);
    expect(await isActive(bills, forBills)).toBe(true);
    expect(await isActive(orders, refreshToken)).toBe(false);
  });

  test('INT-03 BCP-15 a client may not ask about the tokens of others', async () => {
    const { access, refresh: refreshToken, id } = await issue(scene, web);
    for (const token of [access, refreshToken, id]) {
      for (const client of [spa, machine, bills]) expect(await isActive(client, token)).toBe(false);
    }
  });
});

describe('INT-04 what is true at the moment of the question', () => {
  test('INT-04 the person was disabled', async () => {
    const person = await makePerson(scene.server.services);
    const tokens = await issue({ ...scene, person }, web);
    const opaque = await issue({ ...scene, person }, spa, { scope: 'openid', resource: undefined });
    await disableAccount(scene.server.services, person.id, 'test');
    expect(await isActive(web, tokens.access)).toBe(false);
    expect(await isActive(web, tokens.refresh)).toBe(false);
    expect(await isActive(orders, tokens.access)).toBe(false);
    expect(await isActive(spa, opaque.access)).toBe(false);
    expect((await me(opaque.access)).status).toBe(401);
    expect((await refresh(scene, web, tokens.refresh)).json['error']).toBe('invalid_grant');
    expect((await atOther('/token/introspection', { token: tokens.access }, orders)).text).toBe(INACTIVE);
  });

  test('INT-04 the client was disabled', async () => {
    const doomed = await addClient(scene, 'machine');
    const token = await newMachineToken(doomed);
    expect(await isActive(orders, token)).toBe(true);
    await disableClient(scene.server.services, doomed.id, 'test');
    expect(await isActive(orders, token)).toBe(false);
    await expect.poll(async () => (await machineToken(scene, doomed)).json['error']).toBe('invalid_client');
    expect((await introspect(scene, doomed, token)).status).toBe(401);
  });

  test('INT-04 the API was disabled', async () => {
    const { services } = scene.server;
    const audience = 'https://api.example/doomed';
    const api = await addApi(scene, { audience, scopes: [{ name: 'read', description: 'Read' }] });
    const client = await addClient(scene, 'machine', { apis: [{ audience, scopes: ['read'] }] });
    const { json } = await machineToken(scene, client, { resource: audience, scope: 'read' });
    await disableApi(services, api.id, 'test');
    expect(await isActive(client, String(json['access_token']))).toBe(false);
    const again = () => machineToken(scene, client, { resource: audience, scope: 'read' });
    await expect.poll(async () => (await again()).json['error']).toBe('invalid_target');
  });

  test('INT-04 the grant was revoked', async () => {
    const tokens = await issue(scene, web);
    const { services } = scene.server;
    await revoke(services, { account: scene.person.id }, 'test');
    expect(await isActive(web, tokens.access)).toBe(false);
    expect(await isActive(web, tokens.refresh)).toBe(false);
  });

  test('INT-04 everything issued before a moment was revoked', async () => {
    const token = await newMachineToken();
    await revoke(scene.server.services, { issuedBefore: new Date(Date.now() + 2000) }, 'test');
    expect(await isActive(machine, token)).toBe(false);
  });
});

describe('INT-05 scanning for tokens', () => {
  test('INT-05 ends in 429, and neither strangers nor other clients feel it', async () => {
    const scanner = await addClient(scene, 'spa');
    const { access, refresh: mine } = await issue(scene, scanner, {
      scope: 'openid offline_access',
      resource: undefined,
    });
    const jwt = await newMachineToken();
    let closed: Answer | undefined;
    let asked = 0;
    for (; asked < 500 && !closed; asked += 1) {
      const guess = `${access.slice(0, -4)}${String(asked).padStart(4, '0')}`;
      // By whatever takes a token, and whatever it looks like.
      const answer = await [
        () => introspect(scene, scanner, guess),
        () => introspect(scene, scanner, `${jwt.slice(0, -40)}${guess.slice(-40)}`),
        () => revokeToken(scene, scanner, guess),
      ][asked % 3]?.();
      if (answer?.status === 429) closed = answer;
      else expect([INACTIVE, '']).toContain(answer?.text);
    }
    expect(asked).toBeLessThanOrEqual(301);
    expect(Number(closed?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(closed?.json).not.toHaveProperty('active');
    expect(await isActive(scanner, access)).toBe(true);
    expect(await isActive(scanner, mine)).toBe(true);
    expect((await introspect(scene, web, 'unknown')).text).toBe(INACTIVE);
    expect((await atOther('/token/introspection', { token: 'unknown' }, scanner)).status).toBe(429);
    const later = await after(61, () => introspect(scene, scanner, 'unknown'));
    expect(later.text).toBe(INACTIVE);
  });

  test('INT-05 an API that is sent dead JWTs in masses is told that they are dead', async () => {
    const token = await newMachineToken();
    await revokeToken(scene, machine, token);
    for (let round = 0; round < 16; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => introspect(scene, orders, token)));
      for (const { text } of answers) expect(text).toBe(INACTIVE);
    }
  });
});

test('INT-06 an answer is for this moment only', async () => {
  const { headers } = await introspect(scene, machine, await newMachineToken());
  expect(headers.get('cache-control')).toContain('no-store');
});
