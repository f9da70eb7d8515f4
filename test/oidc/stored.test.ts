/**
 * T15: the library's adapters store every token under its value and once more inside of it. Here whoever reads the database
 * can use nothing of what is in it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { rotateSecret } from '../../src/clients/rotate-secret.ts';
import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { dumpDatabase, isIn } from '../support/dump.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import { ASSERTION_TYPE, assertion, makeKey, proof } from '../support/keyed.ts';
import { startLogoutReceiver } from '../support/logout-receiver.ts';
import { createNode, type Answer, type Node } from '../support/node.ts';
import {
  approveDevice,
  authorizationParams,
  authorizationPath,
  cookiesOf,
  makeApp,
  mintCode,
  obtainTokens,
  pollDevice,
  post,
  redeem,
  refresh,
  signIn,
  startDevice,
  tokensOf,
  type App,
} from '../support/app.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let node: Node;

beforeAll(async () => {
  server = await startTestServer({ env: { GUICHET_LOG_LEVEL: 'fatal' } });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

/** What was seen on the wire and would let somebody in, by what it is. */
type Secrets = Record<string, string>;

function seenIn(answer: Answer, prefix: string): Secrets {
  if (answer.status >= 400) throw new Error(`${prefix}: ${answer.status} ${answer.text}`);
  const { access, refresh: token, id } = tokensOf(answer);
  const named = { 'access token': access, 'refresh token': token, 'ID token': id };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (value ? [[`${prefix}: ${name}`, value]] : [])),
  );
}

/** Cookies of all paths: session, interactions, forms, devices. Their signatures prove nothing without the values. */
function cookieSecrets(walker: Walker, uid: string): Secrets {
  const paths = ['/', `/interaction/${uid}`, `/auth/${uid}`];
  const pairs = paths.flatMap((path) => walker.cookies.headerFor(new URL(path, server.issuer)).split('; '));
  const values = pairs
    .filter((pair) => !pair.includes('.sig='))
    .map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(
    values.filter(([name]) => name).map(([name, value]) => [`cookie ${name} ${uid}`, value]),
  );
}

async function browserSecrets(app: App): Promise<{ walker: Walker; secrets: Secrets }> {
  const person = await makePerson(server.services);
  const walker = createWalker({ origin: server.issuer });
  const page = await walker.visit(authorizationPath(app));
  const uid = page.url.pathname.split('/').at(-1) ?? '';
  const before = cookieSecrets(walker, uid);
  const code = await signIn(walker, app, person);
  const form = Object.assign({}, ...page.forms.map(({ fields }) => fields)) as Record<string, string>;
  return {
    walker,
    secrets: {
      ...before,
      ...cookieSecrets(walker, 'signed in'),
      password: PASSWORD,
      'form token': form['csrf'] ?? '',
      code: code,
      ...seenIn(await redeem(node, app, code), 'code'),
    },
  };
}

async function applicationSecrets(app: App, walker: Walker): Promise<Secrets> {
  const cookie = cookiesOf(walker, server.issuer);
  const opaque = await makeApp(server.services, { resource: null });
  const tokens = await obtainTokens(node, opaque, cookie);
  const unused = await mintCode(node, app, cookie);
  const refreshed = await refresh(node, opaque, tokens.refresh);
  const repeated = await refresh(node, opaque, tokens.refresh);
  const pushed = await post(node, app, '/request', authorizationParams(app));
  return {
    'unused code': unused,
    'opaque access token': tokens.access,
    'spent refresh token': tokens.refresh,
    ...seenIn(refreshed, 'refreshed'),
    ...seenIn(repeated, 'repeated'),
    'pushed request': String(pushed.json['request_uri']).split(':').at(-1) ?? '',
    'client secret': app.secret ?? '',
    'rotated client secret': (await rotateSecret(server.services, app.id, { actor: 'test' })).secret,
  };
}

async function deviceSecrets(walker: Walker): Promise<Secrets> {
  const device = await makeApp(server.services, { kind: 'device' });
  const [approved, pending] = [await startDevice(node, device), await startDevice(node, device)];
  await approveDevice(walker, approved);
  const codes = [approved, pending].flatMap(({ json }, index) => {
    const userCode = String(json['user_code']);
    return [
      [`device code ${index}`, String(json['device_code'])],
      [`user code ${index}`, userCode],
      [`user code ${index}, bare`, userCode.replaceAll('-', '')],
    ] as const;
  });
  return { ...Object.fromEntries(codes), ...seenIn(await pollDevice(node, device, approved), 'device') };
}

async function signedSecrets(): Promise<Secrets> {
  const key = await makeKey();
  const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } };
  const machine = await makeApp(server.services, { kind: 'machine', metadata });
  const client_assertion = await assertion(key, { clientId: machine.id, issuer: server.issuer });
  const DPoP = await proof(key, { method: 'POST', url: `${server.issuer}/token` });
  const form = { grant_type: 'client_credentials', client_assertion, client_assertion_type: ASSERTION_TYPE };
  const answer = await node.call('POST', '/token', { form, headers: { DPoP } });
  return { 'client assertion': client_assertion, 'DPoP proof': DPoP, ...seenIn(answer, 'machine') };
}

async function registrationSecrets(): Promise<Secrets> {
  const { token } = await createInitialAccessToken(server.services, { ttlSeconds: 600, actor: 'test' });
  const body = JSON.stringify({ client_name: 'Self made', redirect_uris: ['https://self.example/cb'] });
  const response = await fetch(`${server.issuer}/reg`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body,
  });
  const made = (await response.json()) as Record<string, string>;
  const read = await fetch(made['registration_client_uri'] ?? '', {
    headers: { Authorization: `Bearer ${made['registration_access_token']}` },
  });
  expect([response.status, read.status]).toEqual([201, 200]);
  return {
    'initial access token': token,
    'registration access token': made['registration_access_token'] ?? '',
    'registered client secret': made['client_secret'] ?? '',
  };
}

async function logoutSecrets(): Promise<Secrets> {
  const receiver = await startLogoutReceiver();
  try {
    const app = await makeApp(server.services, { metadata: { backchannel_logout_uri: receiver.uri('app') } });
    const { walker, secrets } = await browserSecrets(app);
    const page = await walker.visit('/session/end');
    const xsrf = page.forms[0]?.fields['xsrf'] ?? '';
    await walker.submit(page, {}, { name: 'logout' });
    await receiver.until((received) => received.length > 0);
    const ended = Object.entries(secrets).map(([name, value]) => [`ended ${name}`, value]);
    return {
      ...Object.fromEntries(ended),
      'sign-out form': xsrf,
      'logout token': receiver.received[0]?.token ?? '',
    };
  } finally {
    await receiver.close();
  }
}

test('a dump of the database after every flow contains nothing that would let its reader in', async () => {
  const app = await makeApp(server.services);
  const { walker, secrets } = await browserSecrets(app);
  const all: Secrets = {
    ...secrets,
    ...(await applicationSecrets(app, walker)),
    ...(await deviceSecrets(walker)),
    ...(await signedSecrets()),
    ...(await registrationSecrets()),
    ...(await logoutSecrets()),
  };
  expect(Object.keys(all).length).toBeGreaterThan(45);
  expect(Object.entries(all).filter(([, value]) => value.length < 8)).toEqual([]);

  const dump = await dumpDatabase(server.database.db);
  // It is a dump, of binary columns as well: what may be found is.
  const [known] = await server.database.db.knex('artifacts').select<{ digest: Buffer }[]>('digest').limit(1);
  expect([
    isIn(dump, app.id),
    isIn(dump, 'orders:read'),
    dump.includes(known?.digest.toString('hex') ?? '-'),
  ]).toEqual([true, true, true]);
  for (const before of ['', 'a', 'ab'])
    expect(isIn(btoa(`${before}${PASSWORD} and more`), PASSWORD)).toBe(true);
  const found = Object.entries(all).filter(([, value]) => isIn(dump, value));
  expect(found.map(([name]) => name)).toEqual([]);
});

test('a value of one kind is never found as another', async () => {
  const app = await makeApp(server.services, { resource: null });
  const { walker } = await browserSecrets(app);
  const cookie = cookiesOf(walker, server.issuer);
  const code = await mintCode(node, app, cookie);
  const tokens = await obtainTokens(node, app, cookie);
  expect((await refresh(node, app, code)).status).toBe(400);
  expect((await refresh(node, app, tokens.access)).status).toBe(400);
  expect((await redeem(node, app, tokens.refresh)).status).toBe(400);
  for (const value of [code, tokens.refresh]) {
    const answer = await node.call('GET', '/me', { headers: { authorization: `Bearer ${value}` } });
    expect(answer.status).toBe(401);
  }
});

test('a row that was moved to another name does not open', async () => {
  const app = await makeApp(server.services, { resource: null });
  const { walker } = await browserSecrets(app);
  const cookie = cookiesOf(walker, server.issuer);
  const [mine, theirs] = [await obtainTokens(node, app, cookie), await obtainTokens(node, app, cookie)];
  const { artifactDigest } = await import('../../src/grants/artifact.ts');
  const { knex } = server.database.db;
  const [row] = await knex('artifacts')
    .where({ digest: artifactDigest('RefreshToken', theirs.refresh) })
    .select<{ payload: Buffer }[]>('payload');
  await knex('artifacts')
    .where({ digest: artifactDigest('RefreshToken', mine.refresh) })
    .update({ payload: row?.payload });
  expect((await refresh(node, app, mine.refresh)).status).toBeGreaterThanOrEqual(400);
  expect((await refresh(node, app, theirs.refresh)).status).toBe(200);
});
