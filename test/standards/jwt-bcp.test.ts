import { generateKeyPairSync } from 'node:crypto';

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { signLogoutToken } from '../../src/oidc/back-channel-logout.ts';
import { createWalker } from '../support/browser-walker.ts';
import { form, post, postJson, send, type Answer } from './http.ts';
import { claimsFor, confusedTokens, encode, listenForCalls, makeSigner, type Signer } from './forge.ts';
import {
  addClient,
  authorizationRequest,
  authorizeUrl,
  introspect,
  issue,
  machineToken,
  openScene,
  redeem,
  authorize,
  refresh,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const HEADER = { alg: 'ES256', kid: 'key-1', typ: 'JWT' };

let scene: Scene;
let web: RelyingParty;
/** Authenticates with the key of `signer`. A fresh one per test: wrong assertions close it for a minute. */
let keyed: RelyingParty;
const signer = makeSigner();
const attacker = makeSigner();

async function addKeyed(key: Signer = signer): Promise<RelyingParty> {
  const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } };
  return addClient(scene, 'machine', { metadata });
}

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web', {
    metadata: { post_logout_redirect_uris: ['https://rp.example/bye'] },
  });
  keyed = await addKeyed();
});
afterAll(() => scene.stop());

const claims = (changes: Record<string, unknown> = {}, client = keyed): Record<string, unknown> => ({
  ...claimsFor(client.id, scene.issuer),
  ...changes,
});

const authenticate = (assertion: string): Promise<Answer> =>
  machineToken(scene, keyed, {
    client_assertion: assertion,
    client_assertion_type: JWT_BEARER,
    client_id: undefined,
  });

async function expectRefused(assertion: string, label = assertion): Promise<void> {
  const { status, json } = await authenticate(assertion);
  expect([400, 401], label).toContain(status);
  expect(json['error'], label).toMatch(/^invalid_(client|request)$/);
  expect(json, label).not.toHaveProperty('access_token');
}

const accepts = async (assertion: string) => (await authenticate(assertion)).status === 200;

test('JWT-01 the assertion that all the others are made from is good', async () => {
  expect(await accepts(signer.sign(HEADER, claims()))).toBe(true);
});

test('JWT-01 no algorithm, in any spelling, and none that the client did not register', async () => {
  keyed = await addKeyed();
  for (const alg of [
    'none',
    'None',
    'nOnE',
    'NONE',
    '',
    'HS256',
    'ES256K',
    'ES384',
    'RS1',
    'es256',
    '__proto__',
  ]) {
    const token = signer.sign({ ...HEADER, alg }, claims());
    await expectRefused(token, alg);
  }
  keyed = await addKeyed();
  for (const header of [
    {},
    { alg: null },
    { alg: ['ES256'] },
    { alg: { a: 1 } },
    { ...HEADER, crit: ['exp'] },
  ]) {
    await expectRefused(signer.sign(header, claims()), JSON.stringify(header));
  }
  const unsigned = `${encode({ alg: 'none' })}.${encode(claims())}.`;
  await expectRefused(unsigned);
  await expectRefused(`${encode(HEADER)}.${encode(claims())}.`);
  await expectRefused(`${encode(HEADER)}.${encode(claims())}.${Buffer.alloc(64).toString('base64url')}`);
});

test('JWT-02 a public key is no secret', async () => {
  keyed = await addKeyed();
  for (const token of confusedTokens(signer.jwk, claims())) await expectRefused(token);
  const { json } = await send(`${scene.issuer}/jwks`);
  const [ours] = json['keys'] as Record<string, string>[];
  for (const token of confusedTokens(ours ?? {}, claims())) await expectRefused(token);
});

test('JWT-03 a key that the token brings along is not trusted, and nothing is fetched for it', async () => {
  keyed = await addKeyed();
  await using listener = await listenForCalls();
  const pem = Buffer.from(attacker.publicKey.export({ type: 'spki', format: 'der' })).toString('base64');
  for (const header of [
    { jwk: attacker.jwk },
    { jku: listener.url },
    { x5u: listener.url },
    { x5c: [pem] },
    { kid: listener.url },
    { jwk: attacker.jwk, jku: listener.url, x5u: listener.url, x5c: [pem], kid: listener.url },
  ]) {
    const token = attacker.sign({ ...HEADER, ...header }, claims());
    await expectRefused(token, JSON.stringify(header));
    const hint = attacker.sign({ ...HEADER, ...header }, { ...claims(), iss: scene.issuer, aud: web.id });
    const logout = await send(`${scene.issuer}/session/end?${form({ id_token_hint: hint })}`);
    expect(logout.status).toBe(400);
    await introspect(scene, web, hint);
    await send(`${scene.issuer}/me`, { headers: { Authorization: `Bearer ${hint}` } });
  }
  expect(listener.connections).toBe(0);
});

test('JWT-04 a key id is a name, whatever it says', async () => {
  keyed = await addKeyed();
  const kids = [
    '../../dev/null',
    "' OR 1=1--",
    'x'.repeat(10_000),
    '\0',
    '\ud800',
    '__proto__',
    '{{7*7}}',
    '%00',
  ];
  for (const kid of kids) {
    await expectRefused(attacker.sign({ ...HEADER, kid }, claims()), kid.slice(0, 20));
  }
  keyed = await addKeyed();
  for (const kid of [1, null, {}, [], true, ['key-1']]) {
    await expectRefused(attacker.sign({ ...HEADER, kid }, claims()), JSON.stringify(kid));
  }
});

describe('JWT-05 every claim is checked', () => {
  const now = Math.floor(Date.now() / 1000);
  const wrong: Record<string, unknown[]> = {
    iss: [undefined, '', 'https://evil.example', 'CLIENT', {}, [], 1, ['x']],
    sub: [undefined, '', 'cli_other', {}, [], 1, null, '\0', 'a\0b', '\ud800', 'x'.repeat(5000), '__proto__'],
    aud: [undefined, '', {}, [], 1, 'https://evil.example', null, [{}], true],
    exp: [undefined, '', '1e99', 1e99, -1, 0, now - 3600, {}, [], null, 'soon', String(now + 60), 1.5],
    nbf: [now + 120, '1', {}, 1e99, String(now - 5)],
    iat: [now + 120, '1', {}, 1e99, String(now - 5)],
    jti: [undefined, '', {}, [], 1, null],
  };

  test.each(Object.keys(wrong))('JWT-05 %s', async (claim) => {
    keyed = await addKeyed();
    for (const value of wrong[claim] ?? []) {
      await expectRefused(
        signer.sign(HEADER, claims({ [claim]: value })),
        `${claim}: ${JSON.stringify(value)}`,
      );
    }
    keyed = await addKeyed();
    expect(await accepts(signer.sign(HEADER, claims()))).toBe(true);
  });

  test('JWT-05 F2-05 the audience is the issuer, alone, as a string', async () => {
    keyed = await addKeyed();
    const { issuer } = scene;
    const audiences = [
      [issuer],
      [issuer, 'x'],
      `${issuer}/`,
      `${issuer}/token`,
      `${issuer}/request`,
      'localhost',
    ];
    for (const aud of audiences)
      await expectRefused(signer.sign(HEADER, claims({ aud })), JSON.stringify(aud));
    expect(await accepts(signer.sign(HEADER, claims({ aud: issuer })))).toBe(true);
  });

  test('JWT-05 F2-07 clocks may differ by some seconds, not by more than a minute', async () => {
    keyed = await addKeyed();
    const at = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
    expect(await accepts(signer.sign(HEADER, claims({ nbf: at(8), iat: at(8) })))).toBe(true);
    await expectRefused(signer.sign(HEADER, claims({ nbf: at(61) })));
    await expectRefused(signer.sign(HEADER, claims({ iat: at(61) })));
    await expectRefused(signer.sign(HEADER, claims({ exp: at(-300) })));
  });

  test('JWT-05 an assertion is used once, by sixteen at once as well', async () => {
    keyed = await addKeyed();
    const assertion = signer.sign(HEADER, claims());
    const answers = await Promise.all(Array.from({ length: 16 }, () => authenticate(assertion)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    keyed = await addKeyed();
    const own = signer.sign(HEADER, claims());
    expect(await accepts(own)).toBe(true);
    await after(50, () => expectRefused(own));
  });

  test('JWT-05 the assertion of one client is not another’s', async () => {
    const other = await addKeyed(attacker);
    const theirs = attacker.sign(HEADER, claims({}, other));
    const fields = {
      grant_type: 'client_credentials',
      client_assertion: theirs,
      client_assertion_type: JWT_BEARER,
    };
    const mixed = await post(`${scene.issuer}/token`, { ...fields, client_id: keyed.id });
    expect(mixed.status).toBe(400);
    const confused = attacker.sign(HEADER, { ...claims({}, other), sub: keyed.id });
    await expectRefused(confused);
  });
});

describe('JWT-06 a token is accepted for what it is and for nothing else', () => {
  const kinds: Record<string, string> = {};
  beforeAll(async () => {
    const tokens = await issue(scene, web);
    const userinfo = await issue(scene, web, { scope: 'openid', resource: undefined });
    const { services } = scene.server;
    const record = await services.clients.find(web.id);
    if (!record) throw new Error('no client');
    const delivery = { id: 'out_1', clientId: web.id, accountId: scene.person.id, sid: 's', attempts: 0 };
    keyed = await addKeyed();
    Object.assign(kinds, {
      'an access token': tokens.access,
      'an opaque access token': userinfo.access,
      'an ID token': tokens.id,
      'a refresh token': tokens.refresh,
      'a logout token': await signLogoutToken(services, record, { ...delivery, createdAt: new Date() }),
      'a client assertion': signer.sign(HEADER, claims()),
      'a DPoP proof': signer.sign(
        { alg: 'ES256', typ: 'dpop+jwt', jwk: signer.jwk },
        { htm: 'POST', htu: `${scene.issuer}/token`, jti: 'x', iat: Math.floor(Date.now() / 1000) },
      ),
    });
  });
  const all = (...except: string[]) => Object.entries(kinds).filter(([kind]) => !except.includes(kind));

  test('JWT-06 as a bearer at userinfo', async () => {
    for (const [kind, token] of all('an opaque access token')) {
      for (const scheme of ['Bearer', 'DPoP']) {
        const headers = { Authorization: `${scheme} ${token}` };
        expect((await send(`${scene.issuer}/me`, { headers })).status, kind).toBeGreaterThanOrEqual(400);
      }
      expect((await post(`${scene.issuer}/me`, { access_token: token })).status, kind).toBe(401);
    }
  });

  test('JWT-06 as a client assertion', async () => {
    for (const [kind, token] of all('a client assertion')) {
      const answer = await authenticate(token);
      expect(answer.status, kind).toBeGreaterThanOrEqual(400);
      expect(answer.status, kind).toBeLessThan(500);
    }
  });

  test('JWT-06 as an id_token_hint, at the authorization endpoint and at sign-out', async () => {
    for (const [kind, token] of all('an ID token')) {
      const { fields } = authorizationRequest(web, { id_token_hint: token, prompt: 'none' });
      const asked = await send(authorizeUrl(scene, fields));
      expect(asked.location?.searchParams.get('error'), kind).toBe('invalid_request');
      const pushed = await post(`${scene.issuer}/request`, fields, web.headers);
      expect(pushed.json['error'], kind).toBe('invalid_request');
      const left = await send(`${scene.issuer}/session/end?${form({ id_token_hint: token })}`);
      expect(left.status, kind).toBe(400);
    }
    const { fields } = authorizationRequest(web, { id_token_hint: kinds['an ID token'], prompt: 'none' });
    const asked = await send(authorizeUrl(scene, fields));
    expect(asked.location?.searchParams.get('error')).toBe('login_required');
  });

  test('JWT-06 as a DPoP proof', async () => {
    const machine = await addClient(scene, 'machine');
    for (const [kind, token] of all('a DPoP proof')) {
      const headers = { ...machine.headers, DPoP: token };
      const { status, json } = await post(
        `${scene.issuer}/token`,
        { grant_type: 'client_credentials' },
        headers,
      );
      expect(status, kind).toBe(400);
      expect(json['error'], kind).toBe('invalid_dpop_proof');
    }
  });

  test('JWT-06 as a code, a refresh token, a device code or a pushed request', async () => {
    const flow = await authorize(scene, web);
    for (const [kind, token] of all('a refresh token')) {
      expect((await redeem(scene, { ...flow, code: token })).json['error'], kind).toBe('invalid_grant');
      expect((await refresh(scene, web, token)).json['error'], kind).toBe('invalid_grant');
      const uri = form({ client_id: web.id, request_uri: `urn:ietf:params:oauth:request_uri:${token}` });
      expect((await send(`${scene.issuer}/auth?${uri}`)).location, kind).toBeUndefined();
    }
    expect((await refresh(scene, web, flow.code)).json['error']).toBe('invalid_grant');
    const refreshToken = kinds['a refresh token'] ?? '';
    expect((await redeem(scene, { ...flow, code: refreshToken })).json['error']).toBe('invalid_grant');
    expect((await redeem(scene, flow)).status).toBe(200);
  });

  test('JWT-06 as an initial or a registration access token', async () => {
    for (const [kind, token] of all()) {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const uris = { redirect_uris: ['https://evil.example/'] };
      expect((await postJson(`${scene.issuer}/reg`, uris, headers)).status, kind).toBe(401);
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const body = method === 'PUT' ? JSON.stringify({ client_id: web.id, ...uris }) : null;
        const answer = await send(`${scene.issuer}/reg/${web.id}`, { method, headers, body });
        expect(answer.status, `${kind} ${method}`).toBe(401);
      }
    }
  });

  test('JWT-06 nothing but access and refresh tokens is active', async () => {
    for (const [kind, token] of all('an access token', 'an opaque access token', 'a refresh token')) {
      expect((await introspect(scene, web, token)).json, kind).toEqual({ active: false });
    }
    expect((await introspect(scene, web, kinds['a refresh token'] ?? '')).json['active']).toBe(true);
  });
});

test('JWT-07 an encrypted token costs nobody anything', async () => {
  keyed = await addKeyed();
  const bomb = { alg: 'dir', enc: 'A256GCM', zip: 'DEF' };
  const slow = { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 1_000_000_000, p2s: 'AAAAAAAAAAA' };
  const parts = ['AAAA', 'AAAAAAAAAAAAAAAA', 'A'.repeat(4000), 'AAAAAAAAAAAAAAAAAAAAAA'];
  const inner = `${encode({ alg: 'none' })}.${encode(claims())}.`;
  const tokens = [bomb, slow, { alg: 'RSA-OAEP-256', enc: 'A128GCM', cty: 'JWT' }].map((header) =>
    [encode(header), ...parts].join('.'),
  );
  tokens.push([encode(bomb), '', 'AAAA', encode(inner), 'AAAA'].join('.'));
  for (const token of tokens) {
    const started = performance.now();
    await expectRefused(token);
    const hints = form({ id_token_hint: token });
    expect((await send(`${scene.issuer}/session/end?${hints}`)).status).toBe(400);
    expect((await introspect(scene, web, token)).json).toEqual({ active: false });
    const proof = { ...web.headers, DPoP: token };
    const answer = await post(
      `${scene.issuer}/token`,
      { grant_type: 'refresh_token', refresh_token: 'x' },
      proof,
    );
    expect(answer.json['error']).toBe('invalid_dpop_proof');
    // Four requests. One decompression or derivation of the above would take seconds.
    expect(performance.now() - started).toBeLessThan(800);
  }
});

test('JWT-08 a JWS is in the compact form', async () => {
  keyed = await addKeyed();
  const [header = '', payload = '', signature = ''] = signer.sign(HEADER, claims()).split('.');
  const flattened = { protected: header, payload, signature };
  const general = { payload, signatures: [{ protected: header, signature }] };
  const compact = [header, payload, signature].join('.');
  for (const token of [
    JSON.stringify(flattened),
    JSON.stringify(general),
    `${compact}.`,
    `.${compact}`,
    `${compact}.x.y`,
  ]) {
    await expectRefused(token);
  }
});

test('JWT-08 an assertion spelled in several ways is one assertion', async () => {
  keyed = await addKeyed();
  const compact = signer.sign(HEADER, claims());
  const spellings = [
    compact,
    ` ${compact}`,
    `${compact} `,
    `${compact}=`,
    `${compact}\n`,
    compact.replace('.', ' .'),
  ];
  const answers = await Promise.all(spellings.map(authenticate));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const { status } of answers) expect([200, 400, 401]).toContain(status);
});

describe('JWT-09 keys that prove nothing cannot be registered', () => {
  const rsa = (modulusLength: number, publicExponent = 65_537) => ({
    ...generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' }),
  });
  const point = { ...signer.jwk, y: signer.jwk['x'] };
  const p192 = { kty: 'EC', crv: 'P-192', x: 'AAAA', y: 'AAAA' };
  const weak: Record<string, () => Record<string, unknown>> = {
    'RSA of 1024 bits': () => rsa(1024),
    'RSA with exponent 3': () => rsa(2048, 3),
    'a point off its curve': () => point,
    'the point at infinity': () => ({ ...signer.jwk, x: 'A'.repeat(43), y: 'A'.repeat(43) }),
    'a private key': () => ({ ...signer.jwk, ...signer.privateJwk }),
    'a symmetric key': () => ({ kty: 'oct', k: 'A'.repeat(43) }),
    'a curve nobody should use': () => p192,
    'a symmetric algorithm': () => ({ ...signer.jwk, alg: 'HS256' }),
    'a key of another type than it says': () => ({ ...signer.jwk, kty: 'RSA' }),
    nothing: () => ({}),
  };

  test.each(Object.keys(weak))('JWT-09 %s', async (name) => {
    const jwks = { keys: [weak[name]?.() ?? {}] };
    const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks };
    const refused = addClient(scene, 'machine', { metadata });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_client_metadata' });
  });
});

test('JWT-10 of a member that is there twice the last one counts, for everybody', async () => {
  const mine = await addKeyed(attacker);
  const victim = await addKeyed();
  const text = (first: string, last: string) => {
    const { iss, sub, ...rest } = claimsFor(last, scene.issuer);
    return `{"iss":"${first}","sub":"${first}",${JSON.stringify(rest).slice(1, -1)},"sub":"${last}","iss":"${last}"}`;
  };
  const asMyself = await authenticate(attacker.sign(HEADER, text(victim.id, mine.id)));
  expect(decodeJwt(String(asMyself.json['access_token']))['client_id']).toBe(mine.id);
  await expectRefused(attacker.sign(HEADER, text(mine.id, victim.id)));
  keyed = victim;
  for (const bytes of [
    Buffer.from([0x7b, 0x22, 0xff, 0xfe]),
    Buffer.from('[]'),
    Buffer.from('null'),
    Buffer.from(''),
  ]) {
    await expectRefused(signer.sign(HEADER, bytes), bytes.toString('hex'));
  }
  const latin = Buffer.from(JSON.stringify({ ...claims(), name: '\u00e9' }), 'latin1');
  await expectRefused(signer.sign(HEADER, latin));
});

test('JWT-10 claims within claims are refused, or read, but break nothing', async () => {
  for (const depth of [100, 2500, 15_000]) {
    keyed = await addKeyed();
    const text = JSON.stringify(claims());
    const deep = `${text.slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const { status } = await authenticate(signer.sign(HEADER, deep));
    expect([200, 400, 401], String(depth)).toContain(status);
  }
});

test('JWT-11 an assertion lives for five minutes at most', async () => {
  keyed = await addKeyed();
  const now = Math.floor(Date.now() / 1000);
  for (const seconds of [400, 3600, 10 * 365 * 86_400]) {
    await expectRefused(signer.sign(HEADER, claims({ exp: now + seconds })), String(seconds));
  }
  expect(await accepts(signer.sign(HEADER, claims({ exp: now + 290 })))).toBe(true);
});

describe('LO-03 JWT-01 hints are verified', () => {
  test('LO-03 an unsigned, foreign or changed hint ends no session and leads nowhere', async () => {
    const walker = createWalker({ origin: scene.issuer });
    const flow = await authorize(scene, web, {}, walker);
    const { json } = await redeem(scene, flow);
    const id = String(json['id_token']);
    const [header = '', payload = '', signature = ''] = id.split('.');
    const body = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const hints = [
      `${encode({ alg: 'none' })}.${payload}.`,
      `${header}.${payload}.`,
      `${header}.${encode({ ...body, sub: 'usr_other' })}.${signature}`,
      attacker.sign(HEADER, body),
      signer.sign({ alg: 'ES256', jwk: signer.jwk }, body),
      ...[{}, [], null, 1, '\0', 'cli\0', ['x', web.id], '__proto__'].map((aud) =>
        attacker.sign(HEADER, { ...body, aud }),
      ),
      'a.b.c',
      '{}',
    ];
    for (const hint of hints) {
      const query = form({ id_token_hint: hint, post_logout_redirect_uri: 'https://rp.example/bye' });
      const page = await walker.visit(`/session/end?${query}`);
      expect([400, 401], hint).toContain(page.status);
      expect(page.leavesTo).toBeUndefined();
    }
    const silent = authorizationRequest(web, { prompt: 'none', scope: 'openid orders:read' });
    const still = await walker.visit(authorizeUrl(scene, silent.fields));
    expect(still.leavesTo?.searchParams.get('code')).toBeTruthy();
  });
});
