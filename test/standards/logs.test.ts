import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { createWalker } from '../support/browser-walker.ts';
import { PASSWORD } from '../support/factories.ts';
import { basic, post, postJson, send, sendBytes } from './http.ts';
import { claimsFor, makeSigner } from './forge.ts';
import {
  addClient,
  authorizationRequest,
  authorize,
  authorizeUrl,
  introspect,
  machineToken,
  openScene,
  redeem,
  refresh,
  revokeToken,
  type Scene,
} from './scene.ts';

let scene: Scene;
let written = '';

beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  });
  scene = await openScene({ env: { GUICHET_LOG_LEVEL: 'trace' } });
});
afterAll(async () => {
  await scene.stop();
  vi.restoreAllMocks();
});

test('V16.2.5 nothing that opens a door is logged, at the most talkative level, whether the door opens or not', async () => {
  const { issuer } = scene;
  const secrets: Record<string, string> = { password: PASSWORD };
  const web = await addClient(scene, 'web');
  const machine = await addClient(scene, 'machine');
  const signer = makeSigner();
  const keyed = await addClient(scene, 'machine', {
    metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [signer.jwk] } },
  });
  Object.assign(secrets, { 'client secret': web.secret, 'the machine’s secret': machine.secret });

  const walker = createWalker({ origin: issuer });
  const page = await walker.visit(authorizeUrl(scene, authorizationRequest(web).fields));
  secrets['csrf token'] = page.forms[0]?.fields['csrf'] ?? '';
  const wrong = { identifier: scene.person.email ?? '', password: 'hunter2-but-longer' };
  secrets['wrong password'] = wrong.password;
  await walker.submit(page, wrong, { form: '/sign-in' });
  const flow = await authorize(scene, web, {}, walker);
  Object.assign(secrets, { code: flow.code, verifier: flow.verifier });
  for (const name of walker.cookies.names()) secrets[`cookie ${name}`] = walker.cookies.get(name) ?? '';

  await redeem(scene, flow, { code_verifier: 'wrong' });
  const { json } = await redeem(scene, flow);
  const [access, refreshToken, id] = ['access_token', 'refresh_token', 'id_token'].map((name) =>
    String(json[name]),
  );
  Object.assign(secrets, { access, refreshToken, id });
  await redeem(scene, flow);
  await introspect(scene, web, access ?? '');
  await refresh(scene, web, refreshToken ?? '');
  await revokeToken(scene, web, refreshToken ?? '');
  await send(`${issuer}/me`, { headers: { Authorization: `Bearer ${access}` } });
  await send(`${issuer}/me?access_token=${access}`);
  await send(`${issuer}/session/end?id_token_hint=${id}&post_logout_redirect_uri=https%3A%2F%2Fevil.example`);

  const guess = 'gcs_a-guess-that-is-nearly-right-0123456789';
  secrets['guessed secret'] = guess;
  await post(
    `${issuer}/token`,
    { grant_type: 'client_credentials' },
    { Authorization: basic(machine.id, guess) },
  );
  await machineToken(scene, machine, { client_secret: guess });
  secrets['assertion'] = signer.sign(
    { alg: 'ES256', kid: 'key-1' },
    { ...claimsFor(keyed.id, issuer), aud: 'wrong' },
  );
  await machineToken(scene, keyed, {
    client_assertion: secrets['assertion'],
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  const { token } = await createInitialAccessToken(scene.server.services, { ttlSeconds: 60, actor: 'test' });
  secrets['initial access token'] = token;
  const registered = await postJson(
    `${issuer}/reg`,
    { redirect_uris: ['https://new.example/'] },
    { Authorization: `Bearer ${token}` },
  );
  secrets['registered secret'] = String(registered.json['client_secret']);
  secrets['registration access token'] = String(registered.json['registration_access_token']);
  await postJson(`${issuer}/reg`, { redirect_uris: ['x'] }, { Authorization: `Bearer ${token}` });
  const device = await addClient(scene, 'device');
  const devices = await post(`${issuer}/device/auth`, { client_id: device.id, scope: 'openid' });
  secrets['device code'] = String(devices.json['device_code']);
  secrets['user code'] = String(devices.json['user_code']);

  expect(written.split('\n').length).toBeGreaterThan(5);
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThan(6);
    expect(written.includes(secret), name).toBe(false);
    expect(written.includes(encodeURIComponent(secret)), name).toBe(false);
  }
  // The part of a JWT that is a credential without its first letters.
  expect(written).not.toContain(String(access).slice(-40));
});

test('V16.4.1 a line of the log is a line, whatever was sent', async () => {
  written = '';
  const host = new URL(scene.issuer).host;
  const nasty = [
    `GET /\u001b[31mred\r\nHost: ${host}\r\n\r\n`,
    `GET /x%0a%7b%22level%22%3a%22fatal%22%7d HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    `GET /%1b%5b31m HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: \u001b[2J{"level":"fatal"}\r\nConnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: evil\u001b[2J\r\nConnection: close\r\n\r\n`,
  ];
  for (const request of nasty) await sendBytes(scene.port, request);
  for (const name of ['error', 'client_id', 'state'])
    await send(`${scene.issuer}/auth?${name}=%0d%0a%1b%5b31m%e2%80%a8`);
  for (const line of written.split('\n').filter((text) => text !== '')) {
    expect(() => JSON.parse(line) as unknown, line).not.toThrow();
    expect(line).not.toMatch(/\p{Cc}/u);
  }
});
