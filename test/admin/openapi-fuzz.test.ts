import { afterAll, beforeAll, expect, test } from 'vitest';

import { OPERATIONS } from '../../src/admin/operations.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { fuzz } from './fuzz/run.ts';
import { issueToken, openAdmin, type AdminScene } from './scene.ts';

/** `FUZZ=20000` for more; `FUZZ_SEED` for others. */
const REQUESTS = Number(process.env['FUZZ'] ?? 1000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_128);

let admin: AdminScene;

beforeAll(async () => {
  admin = await openAdmin();
});
afterAll(() => admin.stop());

test('the document follows the rules of OpenAPI 3.1', async () => {
  const text = await fetch(`${admin.issuer}/admin/v1/openapi.json`).then((answer) => answer.text());
  const document = JSON.parse(text);
  expect(document.openapi).toMatch(/^3\.1\./);
  const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference = '']) => reference);
  const found = references.map((reference) =>
    reference
      .replace(/^#\//, '')
      .split('/')
      .reduce((part, name) => part?.[name], document),
  );
  expect(references.length).toBeGreaterThan(OPERATIONS.length - 1);
  expect(found).not.toContain(undefined);
  const operations = Object.entries<Record<string, { operationId: string; parameters: Named[] }>>(
    document.paths,
  ).flatMap(([path, methods]) =>
    Object.values(methods).map(({ operationId, parameters }) => ({ path, operationId, parameters })),
  );
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(OPERATIONS.map(({ id }) => id).toSorted());
  for (const { path, parameters } of operations) {
    const declared = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    expect(declared.toSorted()).toEqual(named.toSorted());
    const places = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(places).size).toBe(places.length);
  }
});

interface Named {
  readonly name: string;
  readonly in: string;
}

test('whatever is sent, the answer is one that the document has', { timeout: 3_600_000 }, async () => {
  const { services } = admin.server;
  await makeApi(services);
  const person = await makePerson(services);
  const apis = [{ audience: ORDERS, scopes: ['orders:read'] }];
  const settings = { issuer: 'https://id.example', client_id: 'guichet' };
  await admin.call('POST', '/identity-providers', {
    body: { kind: 'oidc', name: 'Fuzzed', slug: 'fuzzed-too', settings, client_secret: 'secret' },
  });
  await admin.call('POST', '/trusted-issuers', {
    body: { issuer: 'https://issuer.example', identity_provider: 'fuzzed-too' },
  });
  await makeSignIns(admin, (await makePerson(services)).id);
  const { id, secret = '' } = await makeClient(services, 'machine', { apis });
  const token = await issueToken(admin.issuer, { id, secret, audience: ORDERS, scopes: ['orders:read'] });
  const known = [
    id,
    person.id,
    ORDERS,
    'orders:read',
    token,
    'https://a.example/',
    'ada@example.org',
    '203.0.113.9',
  ];
  const report = await fuzz(admin, { requests: REQUESTS, seed: SEED, known });
  if (process.env['FUZZ'] !== undefined)
    process.stdout.write(`${JSON.stringify({ ...report, problems: report.problems.length })}\n`);
  expect(report.problems).toEqual([]);
  expect(report.neverDone).toEqual([]);
  expect(report.statuses['200']).toBeGreaterThan(REQUESTS / 20);
});

/** Sessions, grants and a refusal to look at: what comes of people and their browsers, which the fuzzer is not. */
async function makeSignIns({ server, issuer }: AdminScene, accountId: string): Promise<void> {
  const { db, clock } = server.services;
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + 3_600_000);
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  await db.knex('sessions').insert(
    numbers.map((number) => ({
      created_at: now,
      expires_at: expiresAt,
      uid: `session-${number}`,
      account_id: accountId,
      payload: Buffer.alloc(0),
      last_used_at: now,
    })),
  );
  await db.knex('grants').insert(
    numbers.map((number) => ({
      created_at: now,
      expires_at: expiresAt,
      id: `grant-${number}`,
      account_id: accountId,
      client_id: `client-${number}`,
      payload: JSON.stringify({ openid: { scope: 'openid' }, resources: { [ORDERS]: 'orders:read' } }),
    })),
  );
  await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams({ client_id: 'nobody' }) });
}
