import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ADMIN_ROLES } from '../../src/admin/built-in-api.ts';
import { ADMIN_API_ID } from '../../src/resources/built-in.ts';
import { assignRole } from '../../src/roles/assign-role.ts';
import { listRoles } from '../../src/roles/store.ts';
import { createCli, line } from '../support/cli.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { authorization, makeNotes, signIn, walkerFor } from '../interactions/visit.ts';
import { issueToken, openAdmin, type AdminScene } from './scene.ts';

let admin: AdminScene;
let machine: { id: string; secret: string };

beforeAll(async () => {
  admin = await openAdmin();
  await makeApi(admin.server.services);
  const apis = [{ audience: ORDERS, scopes: ['orders:read'] }];
  const { id, secret = '' } = await makeClient(admin.server.services, 'machine', { apis });
  machine = { id, secret };
});
afterAll(() => admin.stop());

const anOrderToken = () =>
  issueToken(admin.issuer, { ...machine, audience: ORDERS, scopes: ['orders:read'] });

async function beOwner(accountId: string): Promise<void> {
  const { services } = admin.server;
  const roles = await listRoles(services.db.knex, { apiId: ADMIN_API_ID, limit: 10 });
  const { id: roleId = '' } = roles.find(({ name }) => name === 'owner') ?? {};
  await assignRole(services, { roleId, subject: { accountId }, actor: 'test' });
}

describe('people', () => {
  test('are made, found, changed, disabled and forgotten', async () => {
    const made = await admin.call('POST', '/users', {
      body: { email: 'Grace@example.org', profile: { name: 'Grace', address: { locality: 'Arlington' } } },
    });
    expect(made.status).toBe(201);
    const path = `/users/${made.body.id}`;
    const found = await admin.call('GET', '/users?search=grace');
    expect(found.body.users).toEqual([made.body]);
    const etag = (await admin.call('GET', path)).headers.get('etag') ?? '';
    const change = { body: { profile: { name: null, nickname: 'Amazing' } }, headers: { 'if-match': etag } };
    expect((await admin.call('PATCH', path, change)).body.profile).toEqual({
      nickname: 'Amazing',
      address: { locality: 'Arlington' },
    });
    expect((await admin.call('PATCH', path, change)).status).toBe(412);
    expect((await admin.call('POST', `${path}/disable`)).body.tokens_revoked).toBe(0);
    expect((await admin.call('GET', path)).body.disabled_at).not.toBeNull();
    expect((await admin.call('POST', `${path}/enable`)).body.disabled_at).toBeNull();
    expect((await admin.call('GET', `${path}/identities`)).body).toEqual({ identities: [] });
    expect((await admin.call('GET', `${path}/consents`)).body).toEqual({ consents: [] });
    expect((await admin.call('POST', `${path}/sign-out`)).body).toEqual({
      sessions_ended: 0,
      tokens_revoked: 0,
    });
    expect((await admin.call('DELETE', path)).status).toBe(200);
    expect((await admin.call('GET', path)).status).toBe(404);
  });

  test('whose ids came from elsewhere are reached by them, spelled in one way', async () => {
    const { id } = await makePerson(admin.server.services);
    await admin.server.services.db.knex('accounts').where({ id }).update({ id: 'auth0|5f7c/a' });
    expect((await admin.call('GET', '/users/auth0%7C5f7c%2Fa')).body.id).toBe('auth0|5f7c/a');
    expect((await admin.call('GET', '/users/%61uth0%7C5f7c%2Fa')).status).toBe(404);
    expect((await admin.call('GET', '/users/auth0%7c5f7c%2fa')).status).toBe(404);
  });

  test('are asked for a password by mail, never given one; invitations are mailed too', async () => {
    const person = await makePerson(admin.server.services);
    const reset = await admin.call('POST', `/users/${person.id}/send-password-reset`);
    expect(reset.body).toEqual({ recipient: person.email });
    const invited = await admin.call('POST', '/invitations', { body: { email: 'new@example.org' } });
    expect(invited.body).toMatchObject({ email: 'new@example.org', mailed: true });
    const mails = await admin.server.services.db.knex('mails').orderBy('created_at').pluck('kind');
    expect(mails.slice(-2)).toEqual(['password-reset', 'invitation']);
    expect((await admin.call('POST', '/users', { body: { password: 'x' } })).status).toBe(400);
  });

  test('who may do more than the operator are out of reach, and so is their way in', async () => {
    const owner = await makePerson(admin.server.services);
    await beOwner(owner.id);
    const token = await admin.tokenFor(ADMIN_ROLES.operator.scopes);
    const path = `/users/${owner.id}`;
    const attempts = await Promise.all([
      admin.call('PATCH', path, { token, body: { email: 'mine@example.org' } }),
      admin.call('DELETE', path, { token }),
      ...['disable', 'enable', 'reset-factors', 'send-password-reset'].map((verb) =>
        admin.call('POST', `${path}/${verb}`, { token }),
      ),
      admin.call('DELETE', `${path}/identities/idt_1`, { token }),
    ]);
    expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403, 403]);
    expect(new Set(attempts.map(({ body }) => body.code))).toEqual(new Set(['beyond_own_scopes']));
    expect((await admin.call('PATCH', path, { body: { email_verified: false } })).status).toBe(200);
  });
});

describe('owners', () => {
  test('the last one is neither disabled, deleted nor robbed of the role; of two who go at once one stays', async () => {
    const { services } = admin.server;
    const [ada, bea] = [await makePerson(services), await makePerson(services)];
    const roles = await listRoles(services.db.knex, { apiId: ADMIN_API_ID, limit: 10 });
    const { id: owner = '' } = roles.find(({ name }) => name === 'owner') ?? {};
    await services.db.knex('role_assignments').where({ role_id: owner }).delete();
    await beOwner(ada.id);
    const ways = [
      ['POST', `/users/${ada.id}/disable`],
      ['DELETE', `/users/${ada.id}`],
      ['DELETE', `/roles/${owner}/assignments/${ada.id}`],
    ] as const;
    const answers = await Promise.all(ways.map(([method, path]) => admin.call(method, path)));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      ways.map(() => [409, 'last_owner']),
    );
    expect((await admin.call('GET', `/users/${ada.id}`)).body.disabled_at).toBeNull();
    await beOwner(bea.id);
    const both = await Promise.all([ada, bea].map(({ id }) => admin.call('POST', `/users/${id}/disable`)));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  test('a password alone is not worth a token for this API, whichever client asks', async () => {
    const { services } = admin.server;
    const owner = await makePerson(services);
    await beOwner(owner.id);
    const resource = `${admin.issuer}/admin/v1`;
    const apis = [{ audience: resource, scopes: ['admin:clients:read'] }];
    const { id } = await makeNotes(admin.server, { apis, firstParty: true });
    const walker = walkerFor(admin.server);
    const request = authorization(id, { scope: 'openid admin:clients:read', resource });
    const page = await signIn(walker, await walker.visit(request), owner.email ?? '');
    expect([page.leavesTo, page.url.pathname]).toEqual([
      undefined,
      expect.stringMatching(/^\/interaction\/[^/]+\/enrol/),
    ]);
  });

  test('who may not change identity providers vouches for no issuer of their people', async () => {
    const token = await admin.tokenFor(ADMIN_ROLES.operator.scopes);
    const body = { issuer: 'https://id.example', identity_provider: 'any', jwks_uri: 'https://evil.example' };
    const refused = await admin.call('POST', '/trusted-issuers', { token, body });
    expect([refused.status, refused.body.code]).toEqual([403, 'beyond_own_scopes']);
    expect((await admin.call('POST', '/trusted-issuers', { body })).body.code).toBe(
      'identity_provider_not_found',
    );
  });
});

describe('roles', () => {
  test('of this API carry no more than whoever makes, changes or gives them has', async () => {
    const audience = `${admin.issuer}/admin/v1`;
    const token = await admin.tokenFor(['admin:roles:write', 'admin:roles:read']);
    const strong = { api: audience, name: 'strong', scopes: ['admin:keys:write'] };
    expect((await admin.call('POST', '/roles', { token, body: strong })).status).toBe(403);
    const { body: role } = await admin.call('POST', '/roles', { body: strong });
    const holder = { client_id: machine.id };
    const path = `/roles/${role.id}`;
    const attempts = await Promise.all([
      admin.call('PATCH', path, { token, body: { scopes: [] } }),
      admin.call('DELETE', path, { token }),
      admin.call('POST', `${path}/assignments`, { token, body: holder }),
    ]);
    expect(attempts.map(({ status, body: { code } }) => [status, code])).toEqual(
      attempts.map(() => [403, 'beyond_own_scopes']),
    );
    expect((await admin.call('POST', `${path}/assignments`, { body: holder })).body).toEqual({ given: true });
    expect((await admin.call('GET', `/clients/${machine.id}/roles`)).body.roles).toMatchObject([
      { api: audience, name: 'strong' },
    ]);
    expect((await admin.call('DELETE', `${path}/assignments/${machine.id}`, { token })).status).toBe(403);
    expect((await admin.call('DELETE', `${path}/assignments/${machine.id}`)).status).toBe(200);
    expect((await admin.call('GET', `${path}/assignments`)).body).toEqual({ assignments: [], next: null });
  });
});

test('the log is verified for one at a time, on whichever process', async () => {
  const { pool } = admin.server.services.db;
  const client = await pool.connect();
  const verify = () => admin.call('POST', '/events/verify', { body: { last: 5 } });
  try {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('guichet audit verify', 0))`);
    const { status, headers, body } = await verify();
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too_many_requests', '5']);
    await client.query('SELECT pg_advisory_unlock_all()');
  } finally {
    client.release();
  }
  expect((await verify()).body).toMatchObject({ ok: true, events: 5 });
  expect((await verify()).status).toBe(200);
});

describe('tokens', () => {
  test('are found in the ledger page by page, explained, and ended one by one', async () => {
    const tokens = await Promise.all([1, 2, 3, 4, 5].map(anOrderToken));
    const seen: string[] = [];
    for (let after = ''; ;) {
      const query = `client_id=${machine.id}&state=live&limit=2${after}`;
      const { body } = await admin.call('GET', `/tokens?${query}`);
      seen.push(...body.tokens.map(({ id }: { id: string }) => id));
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
    const ended = await admin.call('DELETE', `/tokens/${seen[0]}`);
    expect(ended.body.tokens_revoked).toBe(1);
    const revoked = await admin.call('GET', `/tokens?client_id=${machine.id}&state=revoked`);
    expect(revoked.body.tokens.map(({ id }: { id: string }) => id)).toEqual([seen[0]]);
    expect((await admin.call('GET', `/tokens/${seen[0]}`)).body.state).toBe('revoked');
    const explained = await Promise.all(
      tokens.map((token) => admin.call('POST', '/tokens/inspect', { body: { token } })),
    );
    const dead = explained.filter(({ body }) => body.state === 'revoked');
    expect(dead).toHaveLength(1);
    expect(dead[0]?.body.summary).toMatch(/dead: revoked .* alone/);
    expect(dead[0]?.body.revoked_by.target).toBe('digest');
    expect(JSON.stringify(explained.map(({ body }) => body))).not.toContain(tokens[0]);
    const alive = tokens[explained.findIndex(({ body }) => body.state === 'active')];
    const target = { body: { token: alive } };
    expect((await admin.call('POST', '/tokens/revoke', target)).body.tokens_revoked).toBe(1);
    const all = await admin.call('POST', '/tokens/revoke', { body: { client_id: machine.id } });
    expect(all.body.tokens_revoked).toBe(3);
  });

  test('are ended by exactly one target that exists', async () => {
    const revoke = async (body: object) => (await admin.call('POST', '/tokens/revoke', { body })).status;
    expect(await revoke({})).toBe(400);
    expect(await revoke({ jti: 'a', kid: 'b' })).toBe(400);
    expect(await revoke({ client_id: 'nobody' })).toBe(404);
    expect(await revoke({ account_id: 'nobody' })).toBe(404);
    expect(await revoke({ token: 'nonsense' })).toBe(404);
  });
});

describe('the rest of the house', () => {
  test('keys are listed and rotated, once when asked twice', async () => {
    const rotate = () => admin.call('POST', '/keys/rotate', { body: { alg: 'EdDSA' } });
    const [first, second] = [await rotate(), await rotate()];
    expect(first.body.rotations).toMatchObject([{ alg: 'EdDSA', state: 'published' }]);
    expect(second.body.rotations[0].kid).toBe(first.body.rotations[0].kid);
    const { body } = await admin.call('GET', '/keys');
    expect(JSON.stringify(body)).not.toMatch(/"d"|private/i);
    expect((await admin.call('POST', `/keys/${first.body.rotations[0].kid}/revoke`)).status).toBe(200);
  });

  test('identity providers never show their secrets', async () => {
    const settings = { issuer: 'https://id.example', client_id: 'guichet' };
    const created = await admin.call('POST', '/identity-providers', {
      body: { kind: 'oidc', name: 'Example', settings, client_secret: 'hush-hush' },
    });
    expect(created.body).toMatchObject({ slug: 'example', has_secret: true, settings });
    const path = `/identity-providers/${created.body.id}`;
    const changed = await admin.call('PATCH', path, {
      body: { settings: { acr_values: ['mfa'] }, client_secret: 'hush-hush-2', mapping: { picture: null } },
    });
    expect(changed.body.settings.acr_values).toEqual(['mfa']);
    expect(JSON.stringify([created.body, changed.body])).not.toContain('hush');
    expect((await admin.call('PATCH', path, { body: { bind_password: 'x' } })).status).toBe(400);
    expect((await admin.call('POST', `${path}/disable`)).status).toBe(200);
    expect((await admin.call('DELETE', path)).status).toBe(200);
    const without = { kind: 'oidc', name: 'Open', settings };
    expect((await admin.call('POST', '/identity-providers', { body: without })).status).toBe(400);
  });

  test('a group elsewhere is worth a role here, and no role that whoever maps it could not give', async () => {
    const { body } = await admin.call('POST', '/identity-providers', {
      body: {
        kind: 'oidc',
        name: 'Groups',
        settings: { issuer: 'https://groups.example', client_id: 'guichet', auth_method: 'none' },
      },
    });
    const path = `/identity-providers/${body.id}/groups`;
    const { db } = admin.server.services;
    const [role] = await listRoles(db.knex, { apiId: ADMIN_API_ID, limit: 1 });
    const mapping = { group: 'cn=All, ou=Staff', role_id: role?.id ?? '' };
    const token = await admin.tokenFor(['admin:identity-providers:read', 'admin:identity-providers:write']);
    expect((await admin.call('POST', path, { token, body: mapping })).status).toBe(403);
    expect((await admin.call('POST', path, { body: mapping })).body).toEqual({ added: true });
    expect((await admin.call('POST', path, { body: mapping })).body).toEqual({ added: false });
    expect((await admin.call('GET', path, { token })).body.groups).toMatchObject([mapping]);
    const one = `${path}?${new URLSearchParams(mapping).toString()}`;
    expect((await admin.call('DELETE', one, { token })).status).toBe(403);
    expect((await admin.call('DELETE', one)).status).toBe(204);
    expect((await admin.call('DELETE', one)).status).toBe(404);
  });

  test('a client has its looks, and a second secret while the first is replaced', async () => {
    const path = `/clients/${machine.id}`;
    const logo = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64');
    const branded = await admin.call('PUT', `${path}/brand`, { body: { color: '#aabbcc', logo } });
    expect(branded.body.brand).toEqual({ color: '#aabbcc', logo: 'image/svg+xml' });
    expect((await admin.call('DELETE', `${path}/brand`)).body.brand).toEqual({ color: null, logo: null });
    const ours = await admin.call('PUT', '/clients/guichet-console/brand', { body: { color: '#aabbcc' } });
    expect([ours.status, ours.body.code]).toEqual([409, 'client_built_in']);
    const rotated = await admin.call('POST', `${path}/rotate-secret`, { body: {} });
    expect(rotated.body.client_secret).toMatch(/^gcs_/);
    const { body } = await admin.call('GET', path);
    expect(body.secrets).toHaveLength(2);
    const old = body.secrets.find(({ expires_at: at }: { expires_at: string | null }) => at !== null);
    expect((await admin.call('DELETE', `${path}/secrets/${old.id}`)).body.secrets).toHaveLength(1);
    machine = { ...machine, secret: rotated.body.client_secret };
  });

  test('an address is shut out and let in again; nobody shuts themselves out', async () => {
    const made = await admin.call('POST', '/blocks', {
      body: { network: '203.0.113.7', reason: 'stuffing' },
    });
    expect(made.body).toMatchObject({ network: '203.0.113.7/32', outcome: 'created' });
    expect((await admin.call('GET', '/blocks')).body.blocks).toHaveLength(1);
    expect((await admin.call('DELETE', `/blocks/${made.body.id}`)).status).toBe(200);
    expect((await admin.call('GET', '/blocks')).body.blocks).toEqual([]);
    expect((await admin.call('GET', '/blocks?all=true')).body.blocks).toHaveLength(1);
  });

  test('settings say of secrets only whether they are set', async () => {
    const { body } = await admin.call('GET', '/settings');
    const named = (name: string) => body.settings.find((setting: { name: string }) => setting.name === name);
    expect(named('GUICHET_SECRET')).toMatchObject({ secret: true, set: true, value: null });
    expect(named('GUICHET_ISSUER')).toMatchObject({ set: true, value: admin.issuer });
    expect(JSON.stringify(body)).not.toContain('dGVzdC1zZWNyZXQ');
  });

  test('the overview counts what was issued, minute by minute', async () => {
    await anOrderToken();
    const { body } = await admin.call('GET', '/overview');
    expect(body.tokens_per_minute).toHaveLength(60);
    const issued = body.tokens_per_minute.reduce(
      (sum: number, minute: { issued: number }) => sum + minute.issued,
      0,
    );
    const ledger = await admin.server.services.db.knex('tokens').pluck('kid');
    expect(issued).toBe(ledger.length);
    expect(body.health).toEqual({ pending_migrations: [], algs_without_key: [] });
  });
});

describe('lists', () => {
  const lists = {
    clients: () => admin.call('POST', '/clients', { body: { kind: 'machine', client_name: 'Paged' } }),
    apis: (n: number) =>
      admin.call('POST', '/apis', { body: { audience: `https://paged.example/${n}`, name: 'Paged' } }),
    users: (n: number) => admin.call('POST', '/users', { body: { username: `paged${n}` } }),
    roles: (n: number) =>
      admin.call('POST', '/roles', { body: { api: ORDERS, name: `paged.${n}`, scopes: [] } }),
    blocks: (n: number) =>
      admin.call('POST', '/blocks', { body: { network: `198.51.100.${n}`, reason: 'Paged' } }),
    webhooks: (n: number) =>
      admin.call('POST', '/webhooks', { body: { name: `Paged ${n}`, url: `https://hooks.example/${n}` } }),
  };
  const idOf = (row: { id?: string; client_id?: string }) => row.id ?? row.client_id ?? '';

  test.each(Object.entries(lists))(
    'of %s go on where a row was that is deleted meanwhile',
    async (noun, make) => {
      const path = noun === 'roles' ? `/roles?api=${encodeURIComponent(ORDERS)}&` : `/${noun}?`;
      for (const number of [1, 2, 3, 4]) expect((await make(number)).status).toBe(201);
      const all: string[] = (await admin.call('GET', `${path}limit=200`)).body[noun].map(idOf);
      // Not the first of all: some of those are a part of the server, and the tests' own.
      const place = all.length - 3;
      const page = await admin.call('GET', `${path}limit=${place + 1}`);
      expect(page.body[noun].map(idOf)).toEqual(all.slice(0, place + 1));
      const gone = await admin.call('DELETE', `/${noun}/${all[place]}`);
      expect(gone.status).toBeLessThan(300);
      const rest = await admin.call('GET', `${path}limit=200&after=${page.body.next}`);
      expect(rest.body[noun].map(idOf)).toEqual(all.slice(place + 1));
    },
  );

  test.each(['clients', 'apis', 'roles', 'events', 'tokens', 'reports', 'explanations', 'users'])(
    'of %s refuse a cursor that is not theirs',
    async (noun) => {
      const time = Buffer.from('1764336000000.evt').toString('base64url');
      const strange = ['nonsense', '', '-1', 'MS4x=', Buffer.from('1.a\0').toString('base64url')];
      const other = ['apis', 'roles'].includes(noun) ? [time] : [Buffer.from('=x').toString('base64url')];
      for (const after of [...strange, ...other, ...(noun === 'events' ? [time] : [])]) {
        const { status, body } = await admin.call('GET', `/${noun}?after=${encodeURIComponent(after)}`);
        expect([after, status, body.code]).toEqual([after, 400, 'invalid_request']);
      }
    },
  );
});

test('the command line prints what the API answers', async () => {
  const { services, database } = admin.server;
  const cli = createCli({ GUICHET_DATABASE_URL: database.url });
  await anOrderToken();
  const now = services.clock.now();
  const made = { created_at: now, expires_at: new Date(now.getTime() + 3_600_000) };
  const { id: accountId } = await makePerson(services);
  const session = { uid: 'ses-parity', account_id: accountId, payload: Buffer.alloc(0), last_used_at: now };
  await services.db.knex('sessions').insert({ ...made, ...session });
  const grant = { id: 'grt-parity', account_id: accountId, client_id: machine.id };
  await services.db.knex('grants').insert({ ...made, ...grant, payload: { openid: { scope: 'openid' } } });
  const [token] = (await admin.call('GET', `/tokens?client_id=${machine.id}&state=live`)).body.tokens;
  const pairs: (readonly [string[], string])[] = [
    [line`tokens list --client ${machine.id} --limit 2`, `/tokens?client_id=${machine.id}&limit=2`],
    [line`tokens show ${token.id}`, `/tokens/${token.id}`],
    [line`sessions list --user ${accountId}`, `/sessions?account_id=${accountId}`],
    [line`sessions show ses-parity`, '/sessions/ses-parity'],
    [line`grants list --client ${machine.id}`, `/grants?client_id=${machine.id}`],
    [line`grants show grt-parity`, '/grants/grt-parity'],
    [line`apis list --limit 1`, '/apis?limit=1'],
    [line`explain --limit 3`, '/explanations?limit=3'],
    [line`trusted-issuers list`, '/trusted-issuers'],
    [line`audit key`, '/checkpoints/keys'],
  ];
  for (const [args, path] of pairs)
    expect([path, await cli.json(args)]).toEqual([path, (await admin.call('GET', path)).body]);
  const { totals } = await cli.json(line`overview`);
  expect(totals).toEqual((await admin.call('GET', '/overview')).body.totals);
  expect(await cli.json(line`tokens revoke --id ${token.id}`)).toMatchObject({ tokens_revoked: 1 });
  expect((await admin.call('GET', `/tokens/${token.id}`)).body.state).toBe('revoked');
  expect(await cli.json(line`grants revoke grt-parity`)).toMatchObject({ id: 'grt-parity' });
  expect((await cli(line`grants show grt-parity`)).exitCode).toBe(1);
  expect((await cli(line`tokens list --after nonsense`)).exitCode).toBe(2);
});
