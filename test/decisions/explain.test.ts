import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { updateClient } from '../../src/clients/update-client.ts';
import { deleteOverflow, findDecision, listDecisions } from '../../src/decisions/store.ts';
import { prune, PRUNED } from '../../src/jobs/prune.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { assignRole } from '../../src/roles/assign-role.ts';
import { createRole } from '../../src/roles/create-role.ts';
import {
  authorizationPath,
  authorize,
  post,
  redeem,
  refresh,
  signIn,
  tokensOf,
  userinfo,
  type App,
  type Overrides,
} from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createCli, line } from '../support/cli.ts';
import { makeApi, makeClient, makePerson, ORDERS, PASSWORD } from '../support/factories.ts';
import type { Answer, Form } from '../support/node.ts';
import { openDecisionScene, someSecret, type DecisionScene } from './scene.ts';

let scene: DecisionScene;

beforeAll(async () => {
  scene = await openDecisionScene();
}, 30_000);

afterAll(() => scene.stop());

const token = (app: App, form: Form, headers: Form = {}): Promise<Answer> =>
  post(scene.node, app, '/token', form, headers);
const machineToken = (more: Form = {}, headers: Form = {}, app = scene.machine) =>
  token(app, { grant_type: 'client_credentials', resource: ORDERS, ...more }, headers);
const ask = (overrides: Overrides, cookie = '') => authorize(scene.node, scene.web, cookie, overrides);
const secret = () => {
  const value = someSecret();
  scene.secrets.add(value);
  return value;
};
const withAssertion = async (claims: Record<string, unknown>) =>
  machineToken(
    {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await scene.assertion(claims),
    },
    {},
    scene.signing,
  );
const withProof = async (claims: Record<string, unknown>) =>
  machineToken({}, { dpop: await scene.proof(claims) });

async function redeemTwice(): Promise<Answer> {
  const code = await scene.code();
  for (const value of Object.values(tokensOf(await redeem(scene.node, scene.web, code))))
    if (value) scene.secrets.add(value);
  return redeem(scene.node, scene.web, code);
}

async function refreshOldOne(): Promise<Answer> {
  const first = await scene.refreshToken();
  const second = tokensOf(await refresh(scene.node, scene.web, first)).refresh;
  const third = tokensOf(await refresh(scene.node, scene.web, second)).refresh;
  for (const value of [second, third]) scene.secrets.add(value);
  return refresh(scene.node, scene.web, first);
}

/** A request that is wrong, the code that is answered, and what an operator reads. */
const WRONG: Readonly<Record<string, readonly [() => Promise<Answer>, string, string | RegExp]>> = {
  'a redirect URI with a slash too much': [
    () => ask({ redirect_uri: 'https://a.example/cb/' }),
    'invalid_redirect_uri',
    'redirect_uri differs from the nearest of 2 registered ones at character 21 (registered "https://a.example/cb", sent "https://a.example/cb/")',
  ],
  'a redirect URI of another host': [
    () => ask({ redirect_uri: 'https://evil.example/cb' }),
    'invalid_redirect_uri',
    'at character 9 (registered "https://a.example/cb", sent "https://evil.example/cb")',
  ],
  'no redirect URI': [() => ask({ redirect_uri: undefined }), 'invalid_request', 'redirect_uri is missing'],
  'a client that nobody knows': [
    () => ask({ client_id: 'cli_of\u0007 nobody' }),
    'invalid_client',
    'client not found',
  ],
  'no PKCE': [
    () => ask({ code_challenge: undefined, code_challenge_method: undefined }),
    'invalid_request',
    'requires PKCE',
  ],
  'another response type': [
    () => ask({ response_type: 'token' }),
    'unsupported_response_type',
    'the response type "token" is not offered',
  ],
  'prompt=none of a stranger': [
    () => ask({ prompt: 'none' }),
    'login_required',
    'prompt=none, but nobody is signed in',
  ],
  'a scope the API has not': [
    () => ask({ scope: 'openid orders:burn' }),
    'invalid_scope',
    `scope "orders:burn": "${ORDERS}" has no such scope`,
  ],
  'an API that is not there': [
    () => ask({ resource: 'https://api.example/none' }),
    'invalid_target',
    `there is no API "https://api.example/none"; the client may use "${ORDERS}"`,
  ],
  'an API the client has no access to': [
    () => machineToken({ resource: 'https://api.example/bills' }),
    'invalid_target',
    'the client has no access to the API "https://api.example/bills"',
  ],
  'a scope the client may not have': [
    () => machineToken({ scope: 'orders:write' }),
    'invalid_scope',
    `scope "orders:write": the client may not ask "${ORDERS}" for it; its access holds orders:read`,
  ],
  'a secret that nobody made': [
    () => machineToken({}, {}, { ...scene.machine, secret: `gcs_${secret()}` }),
    'invalid_client',
    /the client secret is not the live one; it is none that is stored: .* \(live: gcs_....…\)/,
  ],
  'a secret that has expired': [
    () => machineToken({}, {}, { ...scene.machine, secret: scene.expiredSecret }),
    'invalid_client',
    /it is the one that expired on \d{4}-\d\d-\d\dT.* \(gcs_....…\)/,
  ],
  'a secret as the client_id': [
    () => machineToken({}, {}, { ...scene.machine, id: `gcs_${secret()}` }),
    'invalid_client',
    'a client secret was sent where the client_id belongs',
  ],
  'an unknown client at the token endpoint': [
    () => machineToken({}, {}, { ...scene.machine, id: 'nobody' }),
    'invalid_client',
    'there is no client "nobody"',
  ],
  'a client that is disabled': [
    () => machineToken({}, {}, scene.disabled),
    'invalid_client',
    /the client is disabled, since \d{4}/,
  ],
  'a secret where a key is registered': [
    () => machineToken({}, {}, { ...scene.signing, secret: secret() }),
    'invalid_client',
    'the client authenticated with client_secret_basic or client_secret_post, but is registered for private_key_jwt',
  ],
  'an assertion for another audience': [
    () => withAssertion({ aud: 'https://other.example/token' }),
    'invalid_client',
    /aud is "https:\/\/other\.example\/token", expected "http:\/\/localhost:\d+"/,
  ],
  'an assertion that has expired': [
    () => withAssertion({ exp: Math.floor(Date.now() / 1000) - 500 }),
    'invalid_client',
    /it expired 50\d s ago/,
  ],
  'an assertion for too long': [
    () => withAssertion({ exp: Math.floor(Date.now() / 1000) + 5000 }),
    'invalid_client',
    'the assertion lives for more than five minutes',
  ],
  'a code twice': [
    redeemTwice,
    'invalid_grant',
    /the code was redeemed before, \d s ago, by the same client; its grant was ended/,
  ],
  'a code of another client': [
    async () => {
      const code = await scene.code();
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: 'https://x.example',
        code_verifier: secret(),
      };
      return token(await otherWeb(), form);
    },
    'invalid_grant',
    /the code was issued to the client "cli_\w+", and is presented by another/,
  ],
  'a code that nobody minted': [
    () => redeem(scene.node, scene.web, secret()),
    'invalid_grant',
    'no code of this value is known',
  ],
  'a code with another redirect URI': [
    async () =>
      redeem(scene.node, scene.web, await scene.code(), { redirect_uri: 'https://b.example/callback' }),
    'invalid_grant',
    'redirect_uri differs from the one the code was asked for with at character 9 (asked "https://a.example/cb", sent "https://b.example/callback")',
  ],
  'a verifier of another challenge': [
    async () => redeem(scene.node, scene.web, await scene.code(), { code_verifier: secret() }),
    'invalid_grant',
    'code_verifier does not match code_challenge',
  ],
  'no verifier': [
    async () => redeem(scene.node, scene.web, await scene.code(), { code_verifier: undefined }),
    'invalid_grant',
    'code_verifier must be provided',
  ],
  'a refresh token that was used': [
    refreshOldOne,
    'invalid_grant',
    /the refresh token was used before, \d s ago, by the same client; its grant was ended/,
  ],
  'a refresh token that nobody made': [
    () => refresh(scene.node, scene.web, secret()),
    'invalid_grant',
    'no refresh token of this value is known',
  ],
  'a grant type that is not offered': [
    () => token(scene.machine, { grant_type: 'password', username: 'ada', password: secret() }),
    'unsupported_grant_type',
    'the grant type "password" is not offered',
  ],
  'a grant type of others': [
    async () =>
      token(scene.machine, {
        grant_type: 'authorization_code',
        code: secret(),
        redirect_uri: 'https://a.example/cb',
      }),
    'unauthorized_client',
    'the client may not use the grant type "authorization_code"; its registration has client_credentials',
  ],
  'a proof for another address': [
    () => withProof({ htu: 'https://other.example/token' }),
    'invalid_dpop_proof',
    /htu is "https:\/\/other\.example\/token", expected "http:\/\/localhost:\d+\/token"/,
  ],
  'a proof for another method': [
    () => withProof({ htm: 'GET' }),
    'invalid_dpop_proof',
    'htm is "GET", expected "POST"',
  ],
  'a proof of yesterday': [
    () => withProof({ iat: Math.floor(Date.now() / 1000) - 86_400 }),
    'invalid_dpop_proof',
    /iat is 8640\d s in the past; 60 s are forgiven/,
  ],
  'a pushed request that is not there': [
    () =>
      scene.node.call(
        'GET',
        `/auth?client_id=${scene.web.id}&request_uri=urn:ietf:params:oauth:request_uri:${secret()}`,
      ),
    'invalid_request_uri',
    'no pushed request of this value is known',
  ],
  'userinfo without a token that lives': [
    () => userinfo(scene.node, secret()),
    'invalid_token',
    'access token not found',
  ],
  'the registration of a client, with a token of nobody': [
    () =>
      scene.node.call('GET', `/reg/${scene.web.id}`, { headers: { authorization: `Bearer ${secret()}` } }),
    'invalid_token',
    'registration access token not found',
  ],
  'a forged token at the gateway': [
    () =>
      scene.node.call('GET', `/verify?audience=${ORDERS}`, {
        headers: { authorization: `Bearer ${secret()}.${secret()}.${secret()}` },
      }),
    'invalid_token',
    `for "${ORDERS}"`,
  ],
};

async function otherWeb(): Promise<App> {
  const { makeApp } = await import('../support/app.ts');
  return makeApp(scene.server.services);
}

test.each(Object.entries(WRONG))('%s', async (_name, [act, outcome, says]) => {
  const answer = await act();
  const decision = await scene.decisionOf(answer);
  const words = decision?.lines.map((each) => each.words).join('\n') ?? '';
  expect(words).toMatch(says);
  expect(decision?.outcome).toBe(outcome);
  const sentence = typeof says === 'string' ? says : (says.exec(words)?.[0] ?? '');
  // One word is what the client is told, too.
  if (sentence.includes(' ') && !PUBLIC.has(sentence)) {
    expect(answer.text).not.toContain(sentence);
    expect(answer.location?.href ?? '').not.toContain(sentence);
  }
  expectRequestId(answer);
});

/** Sentences of the library that its clients see, too. */
const PUBLIC = new Set(['requires PKCE', 'client not found']);

function expectRequestId(answer: Answer): void {
  const id = String(answer.headers['x-request-id']);
  if (answer.location) expect(decodeURIComponent(answer.location.href)).toContain(`(request ${id})`);
  else expect(answer.text).toContain(id);
}

test('of an authorization request, the error travels with its id through form_post as well', async () => {
  const answer = await ask({ scope: 'openid orders:burn', response_mode: 'form_post' });
  expect(answer.text).toContain(`(request ${String(answer.headers['x-request-id'])})"`);
});

test('whoever guesses a password is told nothing, and the operator everything', async () => {
  const person = await makePerson(scene.server.services);
  const { issuer, services } = scene.server;
  const attempt = async (identifier: string, password: string) => {
    const walker = createWalker({ origin: issuer });
    const form = await walker.visit(authorizationPath(scene.web));
    const page = await walker.submit(form, { identifier, password }, { form: '/sign-in' });
    const headers = { 'x-request-id': page.headers.get('x-request-id') ?? '' };
    return { page, decision: await scene.decisionOf({ ...NO_ANSWER, headers }) };
  };
  const wrong = await attempt(person.email ?? '', secret());
  expect(wrong.decision).toMatchObject({
    outcome: 'wrong-password',
    accountId: person.id,
    clientId: scene.web.id,
  });
  expect(wrong.decision?.lines).toEqual([{ step: 'password', verdict: 'refused', words: 'wrong password' }]);
  const unknown = await attempt('nobody@example.org', secret());
  expect(unknown.decision?.lines[0]?.words).toBe('nobody has this name or address');
  await disableAccount(services, person.id, 'test');
  const disabled = await attempt(person.email ?? '', PASSWORD);
  expect(disabled.decision?.lines[0]?.words).toContain('the account is disabled');
  expect(new Set([wrong, unknown, disabled].map(({ page }) => page.status)).size).toBe(1);
  for (const { page } of [wrong, unknown, disabled]) expect(page.text).not.toMatch(/disabled|wrong password/);
});

const NO_ANSWER: Answer = { status: 0, headers: {}, text: '', json: {}, location: undefined };

test('who is throttled is told to wait, and the operator why', async () => {
  const guess = () => machineToken({}, {}, { ...scene.disabled, secret: secret() });
  let answer = await guess();
  for (let count = 0; count < 30 && answer.status !== 429; count += 1) answer = await guess();
  expect(answer.status).toBe(429);
  const decision = await scene.decisionOf(answer);
  expect(decision).toMatchObject({ outcome: 'temporarily_unavailable', clientId: scene.disabled.id });
  expect(decision?.lines[0]?.words).toMatch(
    /^throttled for \d+ s more: too many failed attempts as "cli_\w+" from this address$/,
  );
});

test('what went well needs no explanation', async () => {
  const answer = await machineToken({ scope: 'orders:read' });
  expect(answer.status).toBe(200);
  expect(await scene.decisionOf(answer)).toBeUndefined();
});

test('a token with less than was asked for says what is missing, and why', async () => {
  const { services } = scene.server;
  const scope = 'openid orders:read orders:write offline_access';
  const app = { ...scene.web, scope };
  const walker = createWalker({ origin: scene.server.issuer });
  const code = await signIn(walker, app, scene.person, { prompt: 'consent' });
  const tokens = tokensOf(await redeem(scene.node, app, code));
  for (const value of [code, ...Object.values(tokens)]) if (value) scene.secrets.add(value);
  await updateClient(services, app.id, { apis: [{ audience: ORDERS, scopes: ['orders:read'] }] }, 'test');
  await vi.waitUntil(async () => (await services.clients.find(app.id))?.apis[0]?.scopes.length === 1);
  const answer = await refresh(scene.node, app, tokens.refresh);
  expect([answer.status, answer.json['scope']]).toEqual([200, 'orders:read']);
  for (const value of Object.values(tokensOf(answer))) if (value) scene.secrets.add(value);
  const decision = await scene.decisionOf(answer);
  expect(decision).toMatchObject({ outcome: 'ok', clientId: app.id, accountId: scene.person.id });
  expect(decision?.lines).toEqual([
    {
      step: 'scope',
      verdict: 'reduced',
      words: `scope "orders:write" dropped: the client may not ask "${ORDERS}" for it; its access holds orders:read`,
    },
  ]);
});

test('a scope that no role carries is named as that', async () => {
  const { services } = scene.server;
  const audience = 'https://api.example/roles';
  const api = await makeApi(services, { audience, enforcesRoles: true });
  const scopes = ['orders:read', 'orders:write'];
  const { id, secret } = await makeClient(services, 'machine', { apis: [{ audience, scopes }] });
  scene.secrets.add(secret ?? '');
  const role = await createRole(services, {
    apiId: api.id,
    name: 'reader',
    scopes: ['orders:read'],
    actor: 'test',
  });
  await assignRole(services, { roleId: role.id, subject: { clientId: id }, actor: 'test' });
  await vi.waitUntil(async () => services.apis.findByAudience(audience));
  const app = { id, secret, redirectUri: '', scope: '', resource: audience };
  const form = { grant_type: 'client_credentials', scope: scopes.join(' '), resource: audience };
  const answer = await post(scene.node, app, '/token', form);
  expect([answer.status, answer.json['scope']]).toEqual([200, 'orders:read']);
  expect((await scene.decisionOf(answer))?.lines).toMatchObject([
    { words: `scope "orders:write" dropped: role missing: no role of ${id} at the API carries it` },
  ]);
});

test('the command line explains, for people and for programs', async () => {
  const cli = createCli({ GUICHET_DATABASE_URL: scene.server.database.url });
  const answer = await ask({ redirect_uri: 'https://a.example/cb/' });
  const id = String(answer.headers['x-request-id']);
  expect((await scene.decisionOf(answer))?.requestId).toBe(id);
  const { stdout } = await cli(line`explain ${id}`);
  expect(stdout).toMatch(/^\/auth: invalid_redirect_uri \(400\)\n/);
  expect(stdout).toContain(
    '✗ redirect_uri: redirect_uri differs from the nearest of 2 registered ones at character 21',
  );
  expect(await cli.json(line`explain ${id}`)).toMatchObject({
    request_id: id,
    endpoint: '/auth',
    client_id: scene.web.id,
    lines: expect.arrayContaining([expect.objectContaining({ step: 'redirect_uri', verdict: 'refused' })]),
  });
  const unknown = await cli(line`explain req_of_nobody`);
  expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
});

test('nothing that is kept holds a secret that was sent', async () => {
  await scene.server.services.decisions.flush();
  const { rows } = await scene.server.database.db.pool.query<{ text: string }>(
    'SELECT d::text AS text FROM decisions d',
  );
  expect(rows.length).toBeGreaterThan(40);
  expect(scene.secrets.size).toBeGreaterThan(40);
  const kept = rows.map(({ text }) => text).join('\n');
  const found = [...scene.secrets].filter((value) => kept.includes(value));
  expect(found).toEqual([]);
  // The parts of a JWT would be as bad.
  expect(kept).not.toMatch(/eyJ[\w-]{20,}/);
});

test('an explanation is kept for a day and no longer', async () => {
  const { services } = scene.server;
  const { knex, pool } = services.db;
  const [newest, ...others] = await listDecisions(knex, { now: services.clock.now(), limit: 1000 });
  expect(others.length).toBeGreaterThan(40);
  const requestId = newest?.requestId ?? '';
  const at = (hours: number) => new Date((newest?.decidedAt.getTime() ?? 0) + hours * 3_600_000);
  expect(await findDecision(knex, { requestId, now: at(23.9) })).toEqual(newest);
  expect(await findDecision(knex, { requestId, now: at(24) })).toBeUndefined();
  const after = newest && { at: newest.decidedAt, id: requestId };
  const page = await listDecisions(knex, { now: services.clock.now(), limit: 1000, after });
  expect(page).toEqual(others);
  const ofClient = await listDecisions(knex, {
    now: services.clock.now(),
    limit: 1000,
    clientId: scene.machine.id,
  });
  expect(new Set(ofClient.map(({ clientId }) => clientId))).toEqual(new Set([scene.machine.id]));
  // Beyond what there is room for, the oldest go first.
  await deleteOverflow(pool, 5);
  expect(await listDecisions(knex, { now: services.clock.now(), limit: 1000 })).toEqual(
    [newest, ...others].slice(0, 5),
  );
  const pruned = PRUNED.find(({ table }) => table === 'decisions');
  if (!pruned) throw new Error('decisions are not pruned');
  const context = { ...services, signal: new AbortController().signal };
  await prune({ ...context, clock: { now: () => at(23) } }, pruned);
  expect((await knex('decisions').count<{ count: number }[]>())[0]?.count).toBe(5);
  await prune({ ...context, clock: { now: () => at(25) } }, pruned);
  expect((await knex('decisions').count<{ count: number }[]>())[0]?.count).toBe(0);
});
