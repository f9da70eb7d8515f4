import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { adminAudience } from '../../src/admin/paths.ts';
import { makeApi, makeClient, ORDERS } from '../support/factories.ts';
import { giveScopes, issueToken, openAdmin, type AdminScene } from './scene.ts';

let admin: AdminScene;

beforeAll(async () => {
  admin = await openAdmin();
  await makeApi(admin.server.services);
});
afterAll(() => admin.stop());

const create = (body: object, headers: Record<string, string> = {}) =>
  admin.call('POST', '/clients', { body, headers });

describe('access', () => {
  test('without a token it is 401 with a challenge, and no word of what is there', async () => {
    const answer = await admin.call('GET', '/clients', { token: null });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status: 401, request_id: expect.stringMatching(/^req_/) });
  });

  test('a token for another API does not open it', async () => {
    const { id, secret = '' } = await makeClient(admin.server.services, 'machine', {
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    const token = await issueToken(admin.issuer, { id, secret, audience: ORDERS, scopes: ['orders:read'] });
    expect((await admin.call('GET', '/clients', { token })).status).toBe(401);
  });

  test('a scope that is missing is 403 and named', async () => {
    const token = await admin.tokenFor(['admin:clients:read']);
    expect((await admin.call('GET', '/clients', { token })).status).toBe(200);
    const refused = await admin.call('POST', '/clients', {
      token,
      body: { kind: 'machine', client_name: 'x' },
    });
    expect(refused.status).toBe(403);
    expect(refused.body.code).toBe('insufficient_scope');
    expect(refused.headers.get('www-authenticate')).toContain('scope="admin:clients:write"');
  });

  test('a revoked token is refused with the next request', async () => {
    const { services, issuer } = admin.server;
    const audience = adminAudience(services.config);
    const { id, secret = '' } = await makeClient(services, 'machine', {
      apis: [{ audience, scopes: ['admin:clients:read'] }],
    });
    await giveScopes(services, { clientId: id }, ['admin:clients:read']);
    const token = await issueToken(issuer, { id, secret, audience, scopes: ['admin:clients:read'] });
    expect((await admin.call('GET', '/clients', { token })).status).toBe(200);
    expect((await admin.call('POST', `/clients/${id}/disable`)).body.tokens_revoked).toBe(1);
    expect((await admin.call('GET', '/clients', { token })).status).toBe(401);
  });

  test('nobody gives a client what they do not have, nor touches a client that has it', async () => {
    const token = await admin.tokenFor(['admin:clients:read', 'admin:clients:write']);
    const apis = [{ audience: adminAudience(admin.server.services.config), scopes: ['admin:keys:write'] }];
    const strong = await create({ kind: 'machine', client_name: 'Strong', apis });
    expect(strong.status).toBe(201);
    const attempts = await Promise.all([
      admin.call('POST', '/clients', { token, body: { kind: 'machine', client_name: 'Mine', apis } }),
      ...[{ apis }, { jwks: { keys: [] } }, { redirect_uris: ['https://evil.example/cb'] }].map((body) =>
        admin.call('PATCH', `/clients/${strong.body.client_id}`, { token, body }),
      ),
      admin.call('DELETE', `/clients/${strong.body.client_id}`, { token }),
      admin.call('POST', `/clients/${strong.body.client_id}/disable`, { token }),
    ]);
    expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
    expect(new Set(attempts.map(({ body }) => body.code))).toEqual(new Set(['beyond_own_scopes']));
  });
});

describe('clients', () => {
  test('are registered, seen, changed and removed; the secret is shown once', async () => {
    const made = await create({
      kind: 'machine',
      client_name: 'Nightly',
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    expect(made.status).toBe(201);
    expect(made.body.client_secret).toMatch(/^gcs_/);
    const path = `/clients/${made.body.client_id}`;
    const shown = await admin.call('GET', path);
    expect(shown.body).toMatchObject({
      client_name: 'Nightly',
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    expect(shown.body.client_secret).toBeUndefined();
    const changed = await admin.call('PATCH', path, {
      body: { client_name: 'Daily', contacts: ['a@example.org'], apis: [] },
    });
    expect(changed.body).toMatchObject({ client_name: 'Daily', contacts: ['a@example.org'], apis: [] });
    const without = await admin.call('PATCH', path, { body: { contacts: null } });
    expect(without.body.contacts).toBeUndefined();
    expect((await admin.call('DELETE', path)).status).toBe(200);
    expect((await admin.call('GET', path)).status).toBe(404);
  });

  test('what is wrong is said, with the member', async () => {
    const wrong = await create({ kind: 'web', client_name: 'x', redirect_uris: ['http://evil.example'] });
    expect(wrong.status).toBe(400);
    expect(wrong.body.detail).toContain('redirect_uris[0]');
    const unknown = await create({ kind: 'web', colour: 'red' });
    expect(unknown.body.detail).toContain('colour');
    expect((await admin.call('POST', '/clients', { body: '{' })).status).toBe(400);
    expect((await admin.call('POST', '/clients')).status).toBe(415);
    expect((await admin.call('PUT', '/clients')).status).toBe(405);
    expect((await admin.call('GET', '/nothing')).status).toBe(404);
    expect((await admin.call('GET', '/clients?limit=1&limit=2')).status).toBe(400);
  });

  test('what is nested without end is refused, and not walked through', async () => {
    const deep = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`;
    const jwks = `{"keys":[{"kty":"EC","crv":"P-256","x":"x","y":"y","more":${deep}}]}`;
    const body = `{"client_name":"x","redirect_uris":["https://a.example/cb"],"jwks":${jwks}}`;
    const answer = await admin.call('POST', '/clients', { body, headers: { 'idempotency-key': 'deep' } });
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_request']);
    const brackets = { client_name: `\\"${'['.repeat(80)}` };
    const named = await admin.call('POST', '/clients', { body: brackets });
    expect(named.body.code).not.toBe('malformed_request');
  });

  test('pages follow each other to the end, without a gap', async () => {
    const all: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: { body: { clients: { client_id: string }[]; next: string | null } } = await admin.call(
        'GET',
        `/clients?limit=2${after === '' ? '' : `&after=${after}`}`,
      );
      all.push(...page.body.clients.map(({ client_id: id }) => id));
      after = page.body.next;
    }
    const { body } = await admin.call('GET', '/clients?limit=200');
    expect(all).toEqual(body.clients.map(({ client_id: id }: { client_id: string }) => id));
    expect(all.length).toBeGreaterThan(4);
  });
});

describe('two at once', () => {
  test('of two edits of what both had read, one is told; neither change is lost', async () => {
    const { body } = await create({ kind: 'machine', client_name: 'Shared' });
    const path = `/clients/${body.client_id}`;
    const etag = (await admin.call('GET', path)).headers.get('etag') ?? '';
    const edits = await Promise.all(
      ['One', 'Two'].map((name) =>
        admin.call('PATCH', path, { body: { client_name: name }, headers: { 'if-match': etag } }),
      ),
    );
    expect(edits.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
    const winner = edits.find(({ status }) => status === 200);
    const now = await admin.call('GET', path);
    expect(now.body.client_name).toBe(winner?.body.client_name);
    expect(now.headers.get('etag')).not.toBe(etag);
    expect(now.headers.get('etag')).toBe(winner?.headers.get('etag'));
    const unchanged = await admin.call('GET', path, {
      headers: { 'if-none-match': now.headers.get('etag') ?? '' },
    });
    expect(unchanged.status).toBe(304);
  });

  test('of sixteen edits of sixteen members without a condition, all are there', async () => {
    const { body } = await create({ kind: 'machine', client_name: 'Shared' });
    const members = {
      client_uri: 'https://a.example/',
      tos_uri: 'https://b.example/',
      policy_uri: 'https://c.example/',
      software_id: 'd',
      software_version: '5',
      default_max_age: 60,
      require_auth_time: true,
      dpop_bound_access_tokens: true,
    };
    await Promise.all(
      Object.entries(members).map(([name, value]) =>
        admin.call('PATCH', `/clients/${body.client_id}`, { body: { [name]: value } }),
      ),
    );
    expect((await admin.call('GET', `/clients/${body.client_id}`)).body).toMatchObject(members);
  });

  test('who meets a change that takes long is told to come again, and nothing was done', async () => {
    const { knex } = admin.server.services.db;
    const { client_id: id } = (await create({ kind: 'machine', client_name: 'Held' })).body;
    const answer = await knex.transaction(async (tx) => {
      await tx('clients').where({ id }).forUpdate().select('id');
      return admin.call('PATCH', `/clients/${id}`, { body: { client_name: 'Changed' } });
    });
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe('busy');
    expect(answer.headers.get('retry-after')).toBe('2');
    expect((await admin.call('GET', `/clients/${id}`)).body.client_name).toBe('Held');
  });

  test('a request that is repeated with its Idempotency-Key is done once, and answered alike', async () => {
    const headers = { 'idempotency-key': '"4f1e9c"' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => create({ kind: 'machine', client_name: 'Only one' }, headers)),
    );
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]?.body.client_secret).toMatch(/^gcs_/);
    expect(answers.filter(({ headers: given }) => given.has('idempotency-replayed'))).toHaveLength(7);
    const found = await admin.call('GET', '/clients?search=only+one');
    expect(found.body.clients).toHaveLength(1);
    expect((await create({ kind: 'machine', client_name: 'Another' }, headers)).status).toBe(422);
    const rows = await admin.server.services.db.knex('idempotency_keys').select('answer');
    expect(rows.map(({ answer }: { answer: Buffer }) => answer.toString('latin1')).join()).not.toContain(
      'gcs_',
    );
  });
});
