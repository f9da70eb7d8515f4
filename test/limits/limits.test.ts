import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { findDecision } from '../../src/decisions/store.ts';
import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { ORDERS } from '../support/factories.ts';
import { basic, form, post, postJson, send, type Answer } from '../standards/http.ts';
import { addClient, machineToken, openScene, type RelyingParty, type Scene } from '../standards/scene.ts';
import { after } from '../standards/time.ts';

/** Section 5 of the standards: how often somebody may ask (what guessing passwords costs is in standards/limits.test.ts). */

const REQUESTS = 30;
const REGISTRATIONS = 6;
/** http/throttle-buckets.ts. */
const SCANS = 300;

let scene: Scene;
let machine: RelyingParty;
let spa: RelyingParty;

beforeAll(async () => {
  scene = await openScene({
    env: {
      // So that a test can come from many addresses.
      GUICHET_TRUSTED_PROXIES: '127.0.0.1/32,::1/128',
      GUICHET_CLIENT_REQUESTS_PER_MINUTE: String(REQUESTS),
      GUICHET_REGISTRATIONS_PER_HOUR: String(REGISTRATIONS),
    },
  });
  machine = await addClient(scene, 'machine');
  spa = await addClient(scene, 'spa');
});
afterAll(() => scene.stop());

interface EventRow {
  readonly type: string;
  readonly client_id: string | null;
  readonly detail: Record<string, unknown>;
  readonly risk: { readonly score: number; readonly reasons: string[] } | null;
}

function eventsOf(what: string): Promise<EventRow[]> {
  return scene.server.database.db
    .knex<EventRow>('audit_events')
    .select('type', 'client_id', 'detail', 'risk')
    .whereRaw("detail ->> 'what' = ?", [what]);
}

async function expectRefusal(answer: Answer | undefined, name: string): Promise<void> {
  expect(answer?.status).toBe(429);
  expect(answer?.headers.get('cache-control')).toContain('no-store');
  expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer?.headers.get('ratelimit-policy')).toMatch(new RegExp(`^"${name}";q=\\d+;w=\\d+$`));
  expect(answer?.headers.get('ratelimit')).toMatch(new RegExp(`^"${name}";r=0;t=\\d+$`));
  const { decisions, db, clock } = scene.server.services;
  await decisions.flush();
  const requestId = answer?.headers.get('x-request-id') ?? '';
  const decision = await findDecision(db.knex, { requestId, now: clock.now() });
  expect(decision?.lines.map(({ step }) => step)).toContain('limit');
}

const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });

describe('unknown tokens', () => {
  const verify = (token: string, address: string): Promise<Answer> =>
    send(`${scene.issuer}/verify?${form({ audience: ORDERS })}`, {
      headers: { ...from(address), Authorization: `Bearer ${token}` },
    });
  const me = (token: string, address: string): Promise<Answer> =>
    send(`${scene.issuer}/me`, { headers: { ...from(address), Authorization: `Bearer ${token}` } });
  const admin = (token: string, address: string): Promise<Answer> =>
    send(`${scene.issuer}/admin/v1/clients`, {
      headers: { ...from(address), Authorization: `Bearer ${token}` },
    });

  test('an address that presents many is refused at every door; who presents real ones there is answered', async () => {
    const address = '203.0.113.5';
    const token = await machineToken(scene, machine).then(({ json }) => String(json['access_token']));
    const [head = '', body = ''] = token.split('.');
    const guess = (): string => randomBytes(32).toString('base64url');
    const doors = [
      () => verify(`${head}.${body}.${guess()}${guess()}`, address),
      () => verify(guess(), address),
      () => me(guess(), address),
      () => admin(`${head}.${body}.${guess()}${guess()}`, address),
      () => postJson(`${scene.issuer}/reg`, {}, { ...from(address), Authorization: `Bearer ${guess()}` }),
    ];
    for (let asked = 0; asked < SCANS; asked += doors.length) {
      const answers = await Promise.all(doors.map((door) => door()));
      expect(answers.map(({ status }) => status)).toEqual(doors.map(() => 401));
    }
    for (const door of doors) await expectRefusal(await door(), 'unknown-tokens');
    expect((await verify(token, address)).status).toBe(200);
    expect((await verify(guess(), '203.0.113.6')).status).toBe(401);
    const events = await eventsOf('unknown-tokens');
    expect(events).toMatchObject([{ type: 'guessing.stopped', risk: { reasons: ['guessing'] } }]);
    expect((await after(61, () => verify(guess(), address))).status).toBe(401);
  });

  test('tokens of ours that are over do not count, be they expired, revoked, or of a revoked key', async () => {
    const address = '203.0.113.77';
    const token = await machineToken(scene, machine).then(({ json }) => String(json['access_token']));
    const [head = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    await after(7200, async () => {
      for (let asked = 0; asked < SCANS + 10; asked += 10) {
        const answers = await Promise.all(Array.from({ length: 10 }, () => verify(token, address)));
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      }
    });
    const { services } = scene.server;
    await revokeKey(services, kid, 'test');
    await vi.waitUntil(() => !services.keys.jwks().some((key) => key.kid === kid));
    for (let asked = 0; asked < SCANS + 10; asked += 10) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => verify(token, address)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    }
  });
});

describe('requests of a client', () => {
  const ask = (client: RelyingParty, address = '198.51.100.1'): Promise<Answer> =>
    post(
      `${scene.issuer}/token/introspection`,
      { ...client.fields, token: 'unknown' },
      { ...client.headers, ...from(address) },
    );

  test('many at once are exact, the rest is told when to come again, and others go on', async () => {
    const busy = await addClient(scene, 'machine');
    const answers = await Promise.all(Array.from({ length: REQUESTS + 10 }, () => ask(busy)));
    const refused = answers.filter(({ status }) => status === 429);
    // What fills up again meanwhile is one in two seconds.
    expect(refused.length).toBeGreaterThanOrEqual(7);
    expect(refused.length).toBeLessThanOrEqual(10);
    await expectRefusal(refused[0], 'client-requests');
    expect(refused[0]?.json).toMatchObject({ error: 'temporarily_unavailable' });
    const fine = answers.find(({ status }) => status === 200);
    expect(fine?.headers.get('ratelimit')).toMatch(/^"client-requests";r=\d+;t=\d+$/);
    expect((await ask(machine)).status).toBe(200);
    expect(await eventsOf('client-requests')).toMatchObject([
      { type: 'limit.reached', client_id: busy.id, risk: { score: 30, reasons: ['over-limit'] } },
    ]);
    expect((await after(60, () => ask(busy))).status).toBe(200);
  });

  test('strangers who name a client do not use up what it has', async () => {
    const victim = await addClient(scene, 'machine');
    const wrong = { ...victim, headers: { Authorization: basic(victim.id, 'wrong') } };
    for (let index = 0; index < REQUESTS + 5; index += 1) {
      expect((await ask(wrong, `100.64.${index}.1`)).status).toBe(401);
    }
    expect((await ask(victim)).status).toBe(200);
  });

  test('anybody can name a public client, so each address has its own', async () => {
    let last = 0;
    for (let index = 0; index <= REQUESTS + 2 && last !== 429; index += 1) {
      last = (await ask(spa, '198.51.100.2')).status;
    }
    expect(last).toBe(429);
    expect((await ask(spa, '198.51.100.3')).status).toBe(200);
  });
});

test('one initial access token registers so many clients an hour, from wherever', async () => {
  const { services } = scene.server;
  const register = (token: string, index: number): Promise<Answer> =>
    postJson(
      `${scene.issuer}/reg`,
      { redirect_uris: ['https://new.example/cb'] },
      { ...from(`100.65.${index}.1`), Authorization: `Bearer ${token}` },
    );
  const [first, second] = await Promise.all(
    [1, 2].map(() => createInitialAccessToken(services, { ttlSeconds: 86_400, actor: 'test' })),
  );
  const answers = await Promise.all(
    Array.from({ length: REGISTRATIONS + 4 }, (_, index) => register(first?.token ?? '', index)),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(REGISTRATIONS);
  await expectRefusal(
    answers.find(({ status }) => status !== 201),
    'registrations',
  );
  expect((await register(second?.token ?? '', 50)).status).toBe(201);
  expect(await eventsOf('registrations')).toMatchObject([{ type: 'limit.reached' }]);
  expect((await after(3601, () => register(first?.token ?? '', 60))).status).toBe(201);
});
