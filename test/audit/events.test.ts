import { afterAll, beforeAll, expect, test } from 'vitest';

import { exportEvents, exportLine } from '../../src/audit/export.ts';
import { linkHash, GENESIS } from '../../src/audit/chain.ts';
import { rotateSecret } from '../../src/clients/rotate-secret.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import {
  cookiesOf,
  makeApp,
  mintCode,
  obtainTokens,
  post,
  redeem,
  refresh,
  signIn,
  type App,
} from '../support/app.ts';
import type { Walker } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { dumpDatabase, isIn } from '../support/dump.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { BEHIND_PROXY, walkerFor } from '../interactions/visit.ts';

let server: TestServer;
let node: Node;
let app: App;
let cli: Cli;
/** Everything that must not be in the log. */
const secrets: string[] = [PASSWORD];

beforeAll(async () => {
  server = await startTestServer({ env: { ...BEHIND_PROXY, GUICHET_REFRESH_GRACE_SECONDS: '0' } });
  const { config } = server.services;
  node = createNode(config.listen.port, server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services, { scope: 'openid offline_access orders:read' });
  secrets.push(app.secret ?? '');
  cli = createCli({
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
    GUICHET_PORT: String(config.listen.port),
  });
});
afterAll(async () => {
  node.close();
  await server.stop();
});

interface Recorded {
  readonly request_id: string | null;
  readonly address: string | null;
  readonly account_id: string | null;
  readonly client_id: string | null;
  readonly detail: Record<string, unknown>;
  readonly risk: { score: number; reasons: string[] } | null;
}

async function recorded(type: string): Promise<Recorded[]> {
  const { rows } = await server.services.db.pool.query<Recorded>(
    'SELECT request_id, address, account_id, client_id, detail, risk FROM audit_events WHERE type = $1 ORDER BY id',
    [type],
  );
  return rows;
}

async function signedIn(walker: Walker): Promise<{ id: string; cookie: string }> {
  const person = await makePerson(server.services);
  secrets.push(await signIn(walker, app, person));
  return { id: person.id, cookie: cookiesOf(walker, server.issuer) };
}

test('an event has the request that it happened in, though no verb was told of it', async () => {
  const answer = await node.call('POST', '/token', {
    headers: { 'X-Forwarded-For': '198.51.100.7', authorization: `Basic ${btoa(`${app.id}:wrong`)}` },
    form: { grant_type: 'client_credentials' },
  });
  expect(answer.status).toBe(401);
  const [event] = await recorded('client.authentication-failed');
  expect(event).toMatchObject({
    request_id: answer.headers['x-request-id'],
    address: '198.51.100.7',
    client_id: app.id,
    risk: { score: 20, reasons: ['client-authentication-failed'] },
  });
});

test('what a stranger can cause is recorded a few times, whoever it is about, and then counted only', async () => {
  const from = { 'X-Forwarded-For': '198.51.100.8' };
  const typed = 'hunter2-typed-into-the-wrong-field';
  secrets.push(typed);
  for (let attempt = 0; attempt < 15; attempt += 1) {
    const authorization = `Basic ${btoa(`${typed}${attempt}:wrong`)}`;
    await node.call('POST', '/token', { headers: { ...from, authorization }, form: { grant_type: 'x' } });
  }
  const events = (await recorded('client.authentication-failed')).filter(
    ({ address }) => address === '198.51.100.8',
  );
  expect(events).toHaveLength(5);
  expect(events[0]).toMatchObject({ client_id: null, detail: { known: false } });
});

test('passwords that are tried out at many accounts are told from a slip of the finger', async () => {
  const walker = walkerFor(server, { 'X-Forwarded-For': '198.51.100.9' });
  const form = await walker.visit(
    `/auth?${new URLSearchParams({ client_id: app.id, response_type: 'code', redirect_uri: app.redirectUri, scope: 'openid', code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' }).toString()}`,
  );
  for (let attempt = 0; attempt < 21; attempt += 1) {
    const typed = { identifier: `nobody-${attempt}`, password: `guess number ${attempt}` };
    secrets.push(typed.password, typed.identifier);
    await walker.submit(form, typed, { form: '/sign-in' });
  }
  const events = (await recorded('account.sign-in-failed')).filter(
    ({ address }) => address === '198.51.100.9',
  );
  expect(events.map(({ risk }) => risk?.reasons)).toEqual([
    ...Array.from({ length: 5 }, () => ['wrong-password']),
    ['wrong-password', 'stuffing'],
  ]);
});

test('a refresh token that two have, and a code that comes twice, are events of high risk', async () => {
  const { cookie } = await signedIn(walkerFor(server));
  const tokens = await obtainTokens(node, app, cookie);
  const next = await refresh(node, app, tokens.refresh);
  expect(next.status).toBe(200);
  secrets.push(tokens.access, tokens.refresh, tokens.id, String(next.json['refresh_token']));
  const again = await refresh(node, app, tokens.refresh);
  expect(again.status).toBe(400);
  expect(await recorded('refresh-token.reused')).toMatchObject([
    {
      client_id: app.id,
      request_id: again.headers['x-request-id'],
      risk: { score: 90, reasons: ['refresh-reuse'] },
    },
  ]);

  const code = await mintCode(node, app, cookie);
  secrets.push(code);
  expect((await redeem(node, app, code)).status).toBe(200);
  expect((await redeem(node, app, code)).status).toBe(400);
  expect(await recorded('code.replayed')).toMatchObject([
    { client_id: app.id, risk: { reasons: ['code-replay'] } },
  ]);
});

test('a sign-in in a new browser is a hint, and one from elsewhere another', async () => {
  const person = await makePerson(server.services);
  const from = ['2001:db8:aaaa::1', '2001:db8:aaaa::2', '2001:db8:bbbb::1'];
  for (const address of from) await signIn(walkerFor(server, { 'X-Forwarded-For': address }), app, person);
  const events = (await recorded('account.signed-in')).filter(({ account_id }) => account_id === person.id);
  expect(events.map(({ address, risk }) => [address, risk?.reasons])).toEqual([
    ['2001:db8:aaaa::1', undefined],
    ['2001:db8:aaaa::2', ['new-device']],
    ['2001:db8:bbbb::1', ['new-device', 'new-network']],
  ]);
});

test('events are found by everything that is known of them, page by page', async () => {
  const all = async (...args: readonly string[]) => {
    const { events } = await cli.json(['audit', 'list', ...args]);
    return events as { id: string; type: string; address: string; risk: { score: number } | null }[];
  };
  const [newest] = await all('--limit', '1');
  const first = await cli.json(line`audit list --limit 3`);
  const second = await cli.json(line`audit list --limit 3 --after ${String(first['next'])}`);
  const ids = [first, second].flatMap(({ events }) =>
    (events as { id: string }[]).map(({ id }) => Number(id)),
  );
  expect(ids).toHaveLength(6);
  expect(ids[0]).toBe(Number(newest?.id));
  expect(ids.toSorted((a, b) => b - a)).toEqual(ids);

  for (const [args, check] of [
    [['--type', 'account.'], ({ type }) => type.startsWith('account.')],
    [['--type', 'account.signed-in'], ({ type }) => type === 'account.signed-in'],
    [['--address', '198.51.100.0/24'], ({ address }) => address.startsWith('198.51.100.')],
    [['--address', '2001:db8:aaaa::/48'], ({ address }) => address.startsWith('2001:db8:aaaa:')],
    [['--min-risk', '80'], ({ risk }) => (risk?.score ?? 0) >= 80],
    [['--client', app.id, '--since', '1h'], () => true],
    [['--actor', 'test'], ({ type }) => /^(?:api|client|account)\.created$/.test(type)],
  ] as [string[], (event: Awaited<ReturnType<typeof all>>[number]) => boolean][]) {
    const found = await all(...args);
    expect(found.length, args.join(' ')).toBeGreaterThan(0);
    expect(
      found.filter((event) => !check(event)),
      args.join(' '),
    ).toEqual([]);
  }
  expect(await all('--type', 'account')).toEqual([]);
  expect(await all('--until', '2001-01-01')).toEqual([]);
  for (const args of [
    ['--address', 'x'],
    ['--since', 'yesterday'],
    ['--min-risk', '101'],
    ['--after', '-1'],
  ]) {
    expect((await cli(['audit', 'list', ...args])).exitCode, args.join(' ')).toBe(2);
  }
  expect((await cli(line`audit list --min-risk 80`)).stdout).toContain('refresh-reuse');
});

test('an export is verified by whoever has nothing else', async () => {
  const { stdout, exitCode } = await cli(line`audit export`);
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  let before = GENESIS;
  lines.forEach((text, index) => {
    const { seq, hash } = JSON.parse(text) as { seq: number; hash: string };
    // Everything between "event": and the last brace, as docs/audit.md says.
    const canonical = text.slice(text.indexOf('"event":') + 8, -1);
    expect([seq, hash]).toEqual([index + 1, linkHash(before, canonical)]);
    before = hash;
  });
  const ocsf = (await cli(line`audit export --format ocsf --type refresh-token. --type client.created`))
    .stdout;
  const kinds = ocsf
    .trimEnd()
    .split('\n')
    .map((text) => (JSON.parse(text) as { class_uid: number }).class_uid);
  expect(kinds).toEqual([3004, 6003]);
  expect((await cli(line`audit export --since 2001-01-01 --until 2001-01-02`)).stdout).toBe('');
});

test('an operator looks after webhooks', async () => {
  const created = await cli.json(
    line`webhooks create --name SIEM --url https://siem.example/hook?key=x --type client. --min-risk 20`,
  );
  const id = String(created['id']);
  expect(created).toMatchObject({
    url: 'https://siem.example/hook',
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    types: ['client.'],
    min_risk: 20,
  });
  secrets.push(String(created['secret']));
  expect((await cli(line`webhooks list`)).stdout).toContain('https://siem.example/hook');
  const shown = await cli(line`webhooks show ${id}`);
  expect(shown.stdout).toContain('from 20 on');
  expect(shown.stdout).not.toContain('whsec_');
  expect(await cli.json(line`webhooks replay ${id} --seq 1`)).toMatchObject({ position: 0 });
  expect(await cli.json(line`webhooks disable ${id}`)).toMatchObject({ disabled_at: expect.any(String) });
  expect(await cli.json(line`webhooks enable ${id}`)).toMatchObject({ disabled_at: null });
  expect((await cli(line`webhooks replay ${id}`)).exitCode).toBe(2);
  expect((await cli(line`webhooks create --name x --url file:///x`)).exitCode).toBe(1);
  expect(await cli.json(line`webhooks delete ${id}`)).toEqual({ id, deleted: true });
  for (const verb of ['show', 'test', 'disable', 'enable', 'delete']) {
    expect((await cli(['webhooks', verb, id])).exitCode, verb).toBe(1);
  }
  expect(await recorded('webhook.deleted')).toHaveLength(1);
});

test('verification says that the log is whole, and by its exit code that it is not', async () => {
  // The server's own job may have made some.
  const { checkpoints } = await cli.json(line`audit checkpoints --make`);
  const jws = (checkpoints as { jws: string }[])[0]?.jws ?? '';
  expect(await cli.json([...line`audit verify --checkpoint`, jws])).toMatchObject({
    ok: true,
    findings: [],
  });
  expect((await cli(line`audit verify`)).stdout).toMatch(/^The log is whole: \d+ events/);
  const { keys } = await cli.json(line`audit key`);
  expect(keys).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', use: 'sig' }]);
  expect((await cli([...line`audit verify --key`, JSON.stringify({ keys })])).exitCode).toBe(0);
  for (const args of [line`--checkpoint nowhere`, line`--key nowhere`]) {
    expect((await cli(['audit', 'verify', ...args])).exitCode, args.join(' ')).toBe(2);
  }
  await server.services.db.transaction(async (tx) => {
    await tx.raw(`SET LOCAL session_replication_role = replica`);
    await tx.raw(`UPDATE audit_events SET actor = 'cli' WHERE type = 'refresh-token.reused'`);
  });
  const refused = await cli(line`audit verify`);
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toMatch(/event_changed +\d+ +\d+ +20\d\d-/);
});

test('no secret, token or password is in the log or leaves with it', async () => {
  const { secret } = await rotateSecret(server.services, app.id, { actor: 'test', overlapSeconds: 60 });
  secrets.push(secret);
  const ask = () => post(node, { ...app, secret }, '/token', { grant_type: 'client_credentials' });
  await expect.poll(async () => (await ask()).status).toBe(400);
  const { db } = server.services;
  const rows = (await dumpDatabase(db)).split('\n');
  const log = rows.slice(
    rows.indexOf('audit_chain'),
    rows.findIndex((row, index) => index > rows.indexOf('audit_events') && /^[a-z_]+$/.test(row)),
  );
  const exported: string[] = [];
  for await (const event of exportEvents(db.pool)) {
    exported.push(exportLine(event, 'jsonl'), exportLine(event, 'ocsf'));
  }
  const text = [...log, ...exported].join('\n');
  // Both are there at all.
  expect(log.join('\n')).toContain('account.signed-in');
  expect(exported.join('\n')).toContain('account.signed-in');
  expect(secrets.length).toBeGreaterThan(40);
  expect(secrets.filter((secret) => secret !== '' && isIn(text, secret))).toEqual([]);
});
