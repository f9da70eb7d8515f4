import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { record } from '../../src/audit/record.ts';
import { createSeal } from '../../src/crypto/seal.ts';
import { createEgress } from '../../src/http/egress.ts';
import { createLogger } from '../../src/log.ts';
import {
  deleteWebhook,
  disableWebhook,
  enableWebhook,
  replayWebhook,
} from '../../src/webhooks/change-webhook.ts';
import { createWebhook, type NewWebhook } from '../../src/webhooks/create-webhook.ts';
import { deliverDue, type DeliveryContext } from '../../src/webhooks/deliver-webhooks.ts';
import { findWebhook, listWebhooks } from '../../src/webhooks/store.ts';
import { testWebhook } from '../../src/webhooks/test-webhook.ts';
import { makeCertificate } from '../support/certificates.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { dumpDatabase, isIn } from '../support/dump.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const clock = createTestClock();
let database: TestDatabase;
let context: DeliveryContext;
let received: Received[] = [];
let answer: (attempt: number) => number = () => 204;
let receiver: Server;
let port = 0;

async function listen(at = 0): Promise<void> {
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(answer(received.length)).end();
    });
  }).listen(at, '127.0.0.1');
  await once(receiver, 'listening');
  ({ port } = receiver.address() as AddressInfo);
}

async function kill(): Promise<void> {
  receiver.closeAllConnections();
  receiver.close();
  await once(receiver, 'close');
}

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  context = {
    db,
    clock,
    seal: createSeal([Buffer.alloc(32, 7)]),
    egress: createEgress({ allow: [] }),
    log: createLogger({ level: 'silent' }),
    config: { mode: 'development', egressAllow: [] },
  };
  await listen();
});
afterEach(async () => {
  for (const { id } of await listWebhooks(database.db.knex, { limit: 100 }))
    await deleteWebhook(context, id, 'test');
  received = [];
  answer = () => 204;
});
afterAll(async () => {
  await kill();
  await database.drop();
});

async function make(input: Partial<NewWebhook> = {}): Promise<{ id: string; secret: string }> {
  const url = `http://127.0.0.1:${port}/hook?token=of-theirs`;
  const made = await createWebhook(context, { name: 'SIEM', url, actor: 'test', ...input });
  return { id: made.webhook.id, secret: made.secret ?? '' };
}

/** Events of one transaction. */
function happen(count: number, type = 'client.updated', reasons?: ['refresh-reuse']): Promise<void> {
  return database.db.transaction(async (tx) => {
    for (let n = 1; n <= count; n += 1)
      await record(tx, {
        occurredAt: clock.now(),
        type,
        actor: 'cli',
        detail: { n },
        ...(reasons ? { reasons } : {}),
      });
  });
}

/** Standard Webhooks 1.0.0, written from its text: {id}.{timestamp}.{payload}, HMAC-SHA256, base64, after "v1,". */
function isGenuine({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
  const expected = createHmac('sha256', key).update(content, 'utf8').digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((signature) => {
      const [version, value = ''] = signature.split(',');
      const given = Buffer.from(value, 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
}

const idsOf = (all: readonly Received[]) => all.map(({ headers }) => String(headers['webhook-id']));
const data = ({ body }: Received) =>
  (JSON.parse(body) as { data: { seq: number; event: { type: string; detail: { n: number } } } }).data;

test('every event arrives, signed, from a receiver that fails, dies and comes back', async () => {
  const { id, secret } = await make();
  await happen(3);
  answer = (attempt) => (attempt <= 2 ? 500 : 204);
  await deliverDue(context);
  expect(await findWebhook(database.db.knex, id)).toMatchObject({ attempts: 1, lastError: 'answered 500' });
  // Not before its time.
  const before = received.length;
  await deliverDue(context);
  expect(received).toHaveLength(before);

  await kill();
  clock.advance(10);
  await deliverDue(context);
  expect(await findWebhook(database.db.knex, id)).toMatchObject({ attempts: 2 });

  await listen(port);
  await happen(40);
  clock.advance(3600);
  await deliverDue(context);
  const head = await database.db.pool.query<{ seq: number }>('SELECT max(seq) AS seq FROM audit_chain');
  expect(await findWebhook(database.db.knex, id)).toMatchObject({
    attempts: 0,
    lastError: null,
    position: head.rows[0]?.seq,
  });
  // The event that it was created, and all others; some more than once, each time by the same name.
  expect(new Set(idsOf(received)).size).toBe(44);
  for (const one of received) expect(isGenuine(one, secret)).toBe(true);
  expect(isGenuine({ ...(received[0] as Received), body: '{}' }, secret)).toBe(false);
  const last = received.findLast((one) => data(one).event.detail.n === 40);
  expect(last?.headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-timestamp': String(Math.floor(clock.now().getTime() / 1000)),
  });
  expect(JSON.parse(last?.body ?? '')).toMatchObject({
    type: 'client.updated',
    data: { hash: expect.stringMatching(/^[0-9a-f]{64}$/), event: { actor: 'cli', detail: { n: 40 } } },
  });
  // Nothing is left to do.
  const sent = received.length;
  clock.advance(60);
  await deliverDue(context);
  expect(received).toHaveLength(sent);
});

test('a webhook gets what it asked for, and its position moves past the rest', async () => {
  await make({ types: ['key.', 'client.created'], minRisk: 0 });
  await make({ minRisk: 80, format: 'ocsf' });
  await happen(600);
  await happen(1, 'key.revoked');
  await happen(1, 'refresh-token.reused', ['refresh-reuse']);
  await deliverDue(context);
  const types = received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
  expect(types.toSorted()).toEqual(['key.revoked', 'refresh-token.reused']);
  const ocsf = received.find(({ body }) => body.includes('refresh-token.reused'))?.body ?? '';
  expect(JSON.parse(ocsf)).toMatchObject({ data: { class_uid: 6003, severity_id: 4 } });
});

test('two processes share the work, and what one holds the other leaves alone', async () => {
  await make();
  await happen(30);
  await Promise.all([deliverDue(context), deliverDue(context), deliverDue(context)]);
  expect(idsOf(received).toSorted()).toEqual([...new Set(idsOf(received))].toSorted());
  expect(received).toHaveLength(31);
});

test('a replay sends again from an event or a time on', async () => {
  const { id } = await make();
  await happen(2);
  clock.advance(60);
  const since = clock.now();
  await happen(3);
  await deliverDue(context);
  const first = received.splice(0);
  await replayWebhook(context, id, { from: { since }, actor: 'test' });
  await deliverDue(context);
  // And the event that says that it was replayed.
  expect(idsOf(received).slice(0, 3)).toEqual(idsOf(first).slice(-3));
  expect(received).toHaveLength(4);
  received = [];
  await replayWebhook(context, id, { from: { seq: data(first[1] as Received).seq }, actor: 'test' });
  await deliverDue(context);
  expect(received).toHaveLength(7);
  await replayWebhook(context, id, { from: { seq: 1_000_000 }, actor: 'test' });
  await expect(replayWebhook(context, 'whk_none', { from: { seq: 1 }, actor: 'test' })).rejects.toMatchObject(
    { status: 404 },
  );
});

test('one that is disabled, by hand or by its receiver (410), misses nothing', async () => {
  const { id } = await make();
  await disableWebhook(context, id, 'test');
  await happen(2);
  await deliverDue(context);
  expect(received).toEqual([]);
  await enableWebhook(context, id, 'test');
  answer = () => 410;
  await deliverDue(context);
  expect((await findWebhook(database.db.knex, id))?.disabledAt).toEqual(clock.now());
  answer = () => 200;
  received = [];
  await enableWebhook(context, id, 'test');
  await deliverDue(context);
  expect(received.filter(({ body }) => body.includes('client.updated'))).toHaveLength(2);
});

test('a test event is sent at once, and says what is wrong', async () => {
  const { id, secret } = await make();
  expect(await testWebhook(context, id)).toBeUndefined();
  expect(received.map((one) => [isGenuine(one, secret), one.body.includes('"type":"webhook.test"')])).toEqual(
    [[true, true]],
  );
  answer = () => 503;
  expect(await testWebhook(context, id)).toBe('answered 503');
  const production = { ...context, config: { mode: 'production', egressAllow: [] } } as const;
  expect(await testWebhook(production, id)).toMatch(/public address/);
});

test('secrets are sealed, and what is theirs in the URL stays out of the log', async () => {
  const { secret } = await make();
  await happen(1);
  const dump = await dumpDatabase(database.db);
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  expect(isIn(dump, secret)).toBe(false);
  expect(dump).not.toContain(bytes.toString('hex'));
  const { rows } = await database.db.pool.query(
    `SELECT 1 FROM audit_events WHERE detail::text LIKE '%of-theirs%'`,
  );
  expect(rows).toEqual([]);
});

test.each([
  ['no URL', { url: 'siem' }],
  ['another protocol', { url: 'file:///etc/passwd' }],
  ['credentials in the URL', { url: 'https://a:b@siem.example' }],
  ['http in production', { url: 'http://siem.example' }],
  ['syslog without a port', { url: 'syslog://siem.example' }],
  ['syslog in the clear in production', { url: 'syslog://siem.example:514' }],
  ['no name', { name: ' ' }],
  ['a name with a control character', { name: 'a\0b' }],
  ['a type that is none', { types: ['%'] }],
  ['a risk that is none', { minRisk: 101 }],
])('%s is refused', async (_what, input) => {
  const production = { ...context, config: { mode: 'production', egressAllow: [] } } as const;
  const given = { name: 'SIEM', url: 'https://siem.example', actor: 'test', ...input };
  await expect(createWebhook(production, given)).rejects.toMatchObject({
    code: 'invalid_webhook',
    status: 400,
  });
});

test('syslog: RFC 5424 lines, counted in bytes, again after a receiver that was away', async () => {
  let bytes = Buffer.alloc(0);
  const accept = (socket: net.Socket) => {
    socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
  };
  const first = net.createServer(accept).listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port: at } = first.address() as AddressInfo;
  first.close();
  const { id, secret } = await make({ url: `syslog://127.0.0.1:${at}` });
  expect(secret).toBe('');
  await happen(1, 'client.übung');
  await happen(1, 'refresh-token.reused', ['refresh-reuse']);
  await deliverDue(context);
  expect(await findWebhook(database.db.knex, id)).toMatchObject({ attempts: 1 });

  const second = net.createServer(accept).listen(at, '127.0.0.1');
  await once(second, 'listening');
  clock.advance(10);
  await deliverDue(context);
  second.close();
  const lines: string[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const space = rest.indexOf(' ');
    const end = space + 1 + Number(rest.subarray(0, space).toString());
    lines.push(rest.subarray(space + 1, end).toString());
    rest = rest.subarray(end);
  }
  expect(lines).toHaveLength(3);
  const HEADER =
    /^<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) \S{1,255} guichet \d+ ([!-~]{1,32}) - (\{.*\})$/u;
  expect(lines.map((text) => HEADER.exec(text)?.slice(1, 4))).toEqual([
    ['110', expect.any(String), 'webhook.created'],
    ['110', expect.any(String), 'client.-bung'],
    ['106', expect.any(String), 'refresh-token.reused'],
  ]);
  expect(JSON.parse(HEADER.exec(lines[1] ?? '')?.[4] ?? '')).toMatchObject({
    event: { type: 'client.übung' },
  });
});

test('syslog goes to no address that the guard of outgoing calls refuses, whatever its spelling', async () => {
  const production = { ...context, config: { ...context.config, mode: 'production' } } as const;
  for (const host of [
    '169.254.169.254',
    '127.0.0.1',
    '2130706433',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
  ]) {
    const { id } = await make({ url: `syslogs://${host}:${port}` });
    expect(await testWebhook(production, id), host).toMatch(/is not a public address$/);
  }
});

test('syslog over TLS: only to a server whose certificate is believed', async () => {
  const { certificatePem: cert, keyPem: key } = makeCertificate('localhost');
  let text = '';
  const server = tls
    .createServer({ cert, key }, (socket) => socket.on('data', (chunk) => (text += chunk.toString())))
    .on('tlsClientError', () => undefined)
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: at } = server.address() as AddressInfo;
  const { id } = await make({ url: `syslogs://localhost:${at}` });
  expect(await testWebhook(context, id)).toMatch(/self-signed|certificate/);
  expect(text).toBe('');
  expect(await testWebhook({ ...context, ca: cert }, id)).toBeUndefined();
  expect(text).toContain('webhook.test');
  server.close();
});
