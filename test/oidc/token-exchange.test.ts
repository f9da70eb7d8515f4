import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { updateClient } from '../../src/clients/update-client.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { jtiDigest } from '../../src/revocation/token.ts';
import { makePerson } from '../support/factories.ts';
import {
  addApi,
  addClient,
  authorize,
  introspect,
  issue,
  revokeToken,
  tokensOf,
} from '../standards/scene.ts';
import type { RelyingParty } from '../standards/scene.ts';
import {
  ACCESS_TOKEN,
  addExchanger,
  ADMIN,
  BILLS,
  exchange,
  JWT,
  machineTokenOf,
  openExchangeScene,
  ORDERS,
  shopToken,
  thumbprintOf,
  tryExchange,
  type ExchangeScene,
} from './token-exchange-scene.ts';

let scene: ExchangeScene;
let token: string;

beforeAll(async () => {
  scene = await openExchangeScene();
  token = await shopToken(scene);
});
afterAll(() => scene.stop());

async function isActive(client: RelyingParty, subject: string): Promise<boolean> {
  return (await introspect(scene, client, subject)).json['active'] === true;
}

describe('an API that exchanges what it was given', () => {
  test('TX-05, TX-06 gets a token for the next API that says who acts for whom, and no refresh token', async () => {
    const { claims, response } = await exchange(scene, scene.gateway, token);
    expect(response).toMatchObject({
      issued_token_type: ACCESS_TOKEN,
      token_type: 'bearer',
      scope: 'bills:read',
    });
    expect(response).not.toHaveProperty('refresh_token');
    expect(response).not.toHaveProperty('id_token');
    const subject = decodeJwt(token);
    expect(claims).toMatchObject({
      sub: scene.person.id,
      client_id: scene.gateway.id,
      aud: BILLS,
      scope: 'bills:read',
      act: { sub: scene.gateway.id },
      acr: subject['acr'],
      amr: subject['amr'],
      auth_time: subject['auth_time'],
    });
    expect(claims['jti']).not.toBe(subject.jti);
  });

  test('is told of in the metadata', () => {
    expect(scene.as.grant_types_supported).toContain('urn:ietf:params:oauth:grant-type:token-exchange');
  });

  test('TX-06 nests who acts: the next API may exchange in its turn, within bounds', async () => {
    const billing = await addExchanger(scene, { actsForAudience: BILLS });
    const first = await exchange(scene, scene.gateway, token);
    const second = await exchange(scene, billing, first.token, { resource: ORDERS });
    expect(second.claims['act']).toEqual({ sub: billing.id, act: { sub: scene.gateway.id } });

    let current = second.token;
    const statuses: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const isOrders = decodeJwt(current).aud === ORDERS;
      const answer = await tryExchange(scene, isOrders ? scene.gateway : billing, current, {
        resource: isOrders ? BILLS : ORDERS,
      });
      statuses.push(answer.status);
      if (answer.status !== 200) break;
      current = String(answer.json['access_token']);
    }
    expect(statuses.at(-1)).toBe(400);
    expect(statuses.length).toBeGreaterThan(1);
  });

  test('TX-06 names an actor that proves itself, and refuses one that is none of its own', async () => {
    const own = await machineTokenOf(scene, scene.gateway);
    const { claims } = await exchange(scene, scene.gateway, token, {
      actor_token: own,
      actor_token_type: ACCESS_TOKEN,
    });
    expect(claims['act']).toEqual({ sub: scene.gateway.id });
    const others = await machineTokenOf(scene, await addExchanger(scene));
    for (const actor of [others, token, 'nothing']) {
      const fields = { actor_token: actor, actor_token_type: ACCESS_TOKEN };
      const answer = await tryExchange(scene, scene.gateway, token, fields);
      expect(answer.json['error']).toBe('invalid_request');
    }
  });

  test('TX-06 impersonates only where its policy says so', async () => {
    const trusted = await addExchanger(scene, { actsForAudience: ORDERS, exchange: { impersonation: true } });
    const { claims } = await exchange(scene, trusted, token);
    expect(claims).not.toHaveProperty('act');
    expect(claims['client_id']).toBe(trusted.id);
    const own = await machineTokenOf(scene, trusted);
    const named = await exchange(scene, trusted, token, { actor_token: own, actor_token_type: ACCESS_TOKEN });
    expect(named.claims['act']).toEqual({ sub: trusted.id });
  });

  test('does the same for a machine’s token, whose subject stays the machine', async () => {
    const machine = await addClient(scene, 'machine');
    const { claims } = await exchange(scene, scene.gateway, await machineTokenOf(scene, machine));
    expect(claims).toMatchObject({
      sub: machine.id,
      client_id: scene.gateway.id,
      act: { sub: scene.gateway.id },
    });
  });

  test('gets nothing for an API that asks for two factors, of a person who gave one', async () => {
    const audience = 'https://api.example/vault';
    await addApi(scene, { audience, name: 'Vault', scopes: [], requirement: 'mfa' });
    const apis = [{ audience, scopes: [] }];
    for (const { id } of [scene.shop, scene.gateway]) await updateClient(services(), id, { apis }, 'test');
    const answer = await tryExchange(scene, scene.gateway, token, { resource: audience });
    expect(answer.json['error']).toBe('invalid_grant');
    expect(answer.json['error_description']).toContain('insufficient_user_authentication');
  });

  test('narrows its own token', async () => {
    const own = await machineTokenOf(scene, scene.gateway, ORDERS, 'orders:read orders:write');
    const { claims } = await exchange(scene, scene.gateway, own, { resource: ORDERS, scope: 'orders:read' });
    expect(claims).toMatchObject({ aud: ORDERS, scope: 'orders:read' });
  });

  test('TX-08 never gets more time than the subject has left', async () => {
    const { claims, response } = await exchange(scene, scene.gateway, token);
    expect(claims['exp']).toBeLessThanOrEqual(Number(decodeJwt(token).exp));
    expect((response as { expires_in: number }).expires_in).toBeLessThanOrEqual(3600);
  });

  test('gets a token bound to its own key, of a token that was bound to the shop’s', async () => {
    const shopKey = await oauth.generateKeyPair('ES256');
    const flow = await authorize(scene, scene.shop, { scope: 'openid orders:read' });
    const { access } = await tokensOf(scene, flow, oauth.DPoP({}, shopKey));
    const unbound = await tryExchange(scene, scene.gateway, access);
    expect(unbound.json['error']).toBe('invalid_request');

    const key = await oauth.generateKeyPair('ES256', { extractable: true });
    const handle = oauth.DPoP({}, key);
    const { claims, response } = await exchange(scene, scene.gateway, access, {}, handle);
    expect(claims['cnf']).toEqual({ jkt: await thumbprintOf(key.publicKey) });
    expect(response).toMatchObject({ token_type: 'dpop' });

    // Whoever may exchange tokens of the API, but is not it, has seen no proof.
    const bystander = await addExchanger(scene, { exchange: { audiences: [ORDERS] } });
    const stolen = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    await expect(exchange(scene, bystander, access, {}, stolen)).rejects.toMatchObject({
      error: 'invalid_request',
    });
  });
});

describe('TX-01 a client that may not exchange', () => {
  test.each(['web', 'machine'] as const)('is told so: %s', async (kind) => {
    const client = await addClient(scene, kind);
    const answer = await tryExchange(scene, client, token);
    expect([answer.status, answer.json['error']]).toEqual([400, 'unauthorized_client']);
  });

  test('has to authenticate first, and cannot be public', async () => {
    const wrong = { ...scene.gateway, headers: { Authorization: `Basic ${btoa(`${scene.gateway.id}:x`)}` } };
    expect((await tryExchange(scene, wrong, token)).json['error']).toBe('invalid_client');
    const grants = { grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange'] };
    await expect(addClient(scene, 'spa', { metadata: grants })).rejects.toMatchObject({
      code: 'invalid_client_metadata',
    });
  });
});

describe('TX-02 a subject token', () => {
  test.each([
    ['nothing', () => ''],
    ['garbage', () => 'garbage'],
    ['an altered one', () => `${token.slice(0, -6)}AAAAAA`],
    ['one without a signature', () => unsigned(token)],
    ['one with another payload', () => forged(token)],
    ['a very long one', () => `${token}${'A'.repeat(20_000)}`],
  ])('is refused: %s', async (_what, make) => {
    const answer = await tryExchange(scene, scene.gateway, make());
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
  });

  test('is of the type that is said, and no ID token, refresh token or opaque token', async () => {
    const tokens = await issue(scene, scene.shop, { scope: 'openid orders:read offline_access' });
    for (const [subject, type] of [
      [token, JWT],
      [token, 'urn:ietf:params:oauth:token-type:id_token'],
      [token, undefined],
      [tokens.id, 'urn:ietf:params:oauth:token-type:id_token'],
      [tokens.id, ACCESS_TOKEN],
      [tokens.id, JWT],
      [tokens.refresh, 'urn:ietf:params:oauth:token-type:refresh_token'],
      [tokens.refresh, ACCESS_TOKEN],
    ] as const) {
      const answer = await tryExchange(scene, scene.gateway, subject, { subject_token_type: type });
      expect([type, answer.status, answer.json['error']]).toEqual([type, 400, 'invalid_request']);
    }
  });

  test.each([
    { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
    { actor_token_type: ACCESS_TOKEN },
    { actor_token: 'x', actor_token_type: JWT },
  ])('cannot be exchanged for or with %o', async (fields) => {
    const answer = await tryExchange(scene, scene.gateway, token, fields);
    expect(answer.json['error']).toBe('invalid_request');
  });
});

describe('TX-07 a client', () => {
  test('may not exchange tokens that are none of its business, and learns nothing of them', async () => {
    const stranger = await addExchanger(scene);
    const answers = [
      await tryExchange(scene, stranger, token),
      await tryExchange(scene, stranger, 'garbage'),
    ];
    const [of, garbage] = answers.map(({ json }) => ({ ...json, request_id: '' }));
    expect(of).toEqual(garbage);
    expect(answers[0]?.json['error']).toBe('invalid_request');
  });

  test('may exchange those of the API, and of the clients, that were named', async () => {
    const named = await addExchanger(scene, {
      exchange: { audiences: [ORDERS], clientIds: [scene.shop.id] },
    });
    expect((await tryExchange(scene, named, token)).status).toBe(200);
    const machine = await addClient(scene, 'machine');
    const others = await machineTokenOf(scene, machine);
    expect((await tryExchange(scene, named, others)).status).toBe(400);
    await updateClient(
      scene.server.services,
      named.id,
      { exchange: { audiences: [], clientIds: [] } },
      'test',
    );
    await expect
      .poll(async () => (await tryExchange(scene, named, token)).json['error'])
      .toBe('invalid_request');
  });
});

describe('TX-04 an exchange never widens', () => {
  test('by a detour: neither beyond the first client, nor beyond the first token', async () => {
    const poor = await addClient(scene, 'machine', { apis: [{ audience: ORDERS, scopes: ['orders:read'] }] });
    const same = await exchange(scene, scene.gateway, await machineTokenOf(scene, poor), {
      resource: ORDERS,
    });
    const onward = await tryExchange(scene, scene.gateway, same.token);
    expect(onward.json['error']).toBe('invalid_target');

    const there = await exchange(scene, scene.gateway, token);
    const back = await tryExchange(scene, scene.gateway, there.token, {
      resource: ORDERS,
      scope: 'orders:write',
    });
    expect(back.json['error']).toBe('invalid_scope');
  });

  test.each([
    [{ resource: ADMIN }, 'invalid_target'],
    [{ resource: 'https://api.example/unknown' }, 'invalid_target'],
    [{ resource: 'no-uri' }, 'invalid_target'],
    [{ resource: undefined, audience: ADMIN }, 'invalid_target'],
    [{ resource: undefined }, 'invalid_target'],
    [{ audience: ORDERS }, 'invalid_target'],
    [{ scope: 'all' }, 'invalid_scope'],
    [{ scope: 'bills:read all' }, 'invalid_scope'],
    [{ resource: ORDERS, scope: 'orders:write' }, 'invalid_scope'],
    [{ scope: 'openid' }, 'invalid_scope'],
    [{ scope: 'offline_access' }, 'invalid_scope'],
  ])('%o', async (fields, error) => {
    const answer = await tryExchange(scene, scene.gateway, token, fields);
    expect([answer.status, answer.json['error']]).toEqual([400, error]);
  });

  test('beyond what the person has allowed', async () => {
    const guest = await addClient(scene, 'web');
    const { access } = await issue(scene, guest, { scope: 'openid orders:read' });
    expect((await tryExchange(scene, scene.gateway, access)).json['error']).toBe('invalid_target');
    const same = await tryExchange(scene, scene.gateway, access, { resource: ORDERS });
    expect(same.json).toMatchObject({ scope: 'orders:read' });
  });

  test('beyond what the subject’s client may ask for', async () => {
    const poor = await addClient(scene, 'machine', { apis: [{ audience: ORDERS, scopes: ['orders:read'] }] });
    const subject = await machineTokenOf(scene, poor);
    expect((await tryExchange(scene, scene.gateway, subject)).json['error']).toBe('invalid_target');
  });

  test('and `audience` means the same as `resource`', async () => {
    const { claims } = await exchange(scene, scene.gateway, token, { audience: BILLS });
    expect(claims['aud']).toBe(BILLS);
  });
});

describe('TX-03 what ends the subject’s token', () => {
  async function pair(offline = false) {
    const person = await makePerson(scene.server.services);
    const scope = offline ? 'openid orders:read offline_access' : 'openid orders:read';
    const subject = await shopToken(scene, { scope }, person);
    const { token: heir } = await exchange(scene, scene.gateway, subject);
    expect(await isActive(scene.gateway, heir)).toBe(true);
    const row = await scene.server.services.records.findToken({
      jti: String(decodeJwt(subject).jti),
      expiresAt: new Date(Number(decodeJwt(subject).exp) * 1000),
    });
    return { person, subject, heir, row };
  }

  test.each([
    ['revoking it', async ({ subject }) => void (await revokeToken(scene, scene.shop, subject))],
    [
      'revoking its grant',
      async ({ row }) => void (await revoke(services(), { grant: String(row?.grantId) }, 'test')),
    ],
    [
      'its session',
      async ({ row }) => void (await revoke(services(), { session: String(row?.sessionUid) }, 'test')),
    ],
    ['its person', async ({ person }) => void (await disableAccount(services(), person.id, 'test'))],
  ] satisfies [string, (pair: Awaited<ReturnType<typeof makePair>>) => Promise<void>][])(
    'ends what came of it, and it is exchanged no more: %s',
    async (_what, end) => {
      const made = await pair();
      await end(made);
      expect(await isActive(scene.gateway, made.heir)).toBe(false);
      const again = await tryExchange(scene, scene.gateway, made.subject);
      expect([again.status, again.json['error']]).toEqual([400, 'invalid_request']);
    },
  );
  const makePair = pair;

  test('so does disabling its client, and of a chain every link behind it', async () => {
    const machine = await addClient(scene, 'machine');
    const billing = await addExchanger(scene, { actsForAudience: BILLS });
    const subject = await machineTokenOf(scene, machine);
    const first = await exchange(scene, scene.gateway, subject);
    const second = await exchange(scene, billing, first.token, { resource: ORDERS });
    await revokeToken(scene, scene.gateway, first.token);
    expect(await isActive(billing, second.token)).toBe(false);
    const other = await exchange(scene, scene.gateway, subject);
    await disableClient(services(), machine.id, 'test');
    expect(await isActive(scene.gateway, other.token)).toBe(false);
    expect((await tryExchange(scene, scene.gateway, subject)).status).toBe(400);
  });

  test('revoking what came of it leaves it alone', async () => {
    const { subject, heir } = await pair();
    await revokeToken(scene, scene.gateway, heir);
    expect(await isActive(scene.shop, subject)).toBe(true);
    expect(await isActive(scene.gateway, heir)).toBe(false);
  });

  test('and however it meets a revocation, no token survives', async () => {
    for (let round = 0; round < 5; round += 1) {
      const machine = await addClient(scene, 'machine');
      const subject = await machineTokenOf(scene, machine);
      const attempts = Array.from({ length: 12 }, () => tryExchange(scene, scene.gateway, subject));
      const jti = String(decodeJwt(subject).jti);
      const [answers] = await Promise.all([Promise.all(attempts), revoke(services(), { jti }, 'test')]);
      const heirs = answers.flatMap(({ json }) => json['access_token'] ?? []).map(String);
      for (const { status } of answers) expect([200, 400]).toContain(status);
      for (const heir of heirs) expect(await isActive(scene.gateway, heir)).toBe(false);
      const name = `jti:${jtiDigest(jti).toString('hex')}`;
      const [alive] = await scene.server.services.db
        .knex('tokens')
        .whereNull('revoked_at')
        .whereRaw('? = ANY(hangs_on)', [name])
        .count({ n: '*' });
      expect(Number(alive?.['n'])).toBe(0);
    }
  });
});

function services() {
  return scene.server.services;
}

function unsigned(jwt: string): string {
  const header = Buffer.from(JSON.stringify({ ...decodeProtectedHeader(jwt), alg: 'none' })).toString(
    'base64url',
  );
  return `${header}.${jwt.split('.')[1]}.`;
}

function forged(jwt: string): string {
  const [header, , signature] = jwt.split('.');
  const payload = Buffer.from(JSON.stringify({ ...decodeJwt(jwt), sub: 'usr_other' })).toString('base64url');
  return `${header}.${payload}.${signature}`;
}
