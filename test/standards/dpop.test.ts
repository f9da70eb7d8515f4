import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';

import { calculateJwkThumbprint } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startTestServer, type TestServer } from '../support/server.ts';
import { ORDERS } from '../support/factories.ts';
import { encode, makeSigner, type Signer } from './forge.ts';
import { form, post, send, sendRaw, type Answer } from './http.ts';
import {
  addClient,
  authorizationRequest,
  authorize,
  introspect,
  openScene,
  redeem,
  refresh,
  tokensOf,
  type Flow,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

let scene: Scene;
let spa: RelyingParty;
let web: RelyingParty;
let machine: RelyingParty;
let other: TestServer;
const signer = makeSigner();
const thief = makeSigner();

beforeAll(async () => {
  scene = await openScene();
  spa = await addClient(scene, 'spa');
  web = await addClient(scene, 'web');
  machine = await addClient(scene, 'machine');
  other = await startTestServer({ database: scene.server.database, env: { GUICHET_ISSUER: scene.issuer } });
});
afterAll(async () => {
  await other.stop();
  await scene.stop();
});

const HEADER = { alg: 'ES256', typ: 'dpop+jwt' };
const seconds = (shift = 0) => Math.floor(Date.now() / 1000) + shift;
const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url');

interface ProofOptions {
  readonly by?: Signer;
  readonly path?: string;
  readonly header?: object;
  readonly claims?: object;
}

/** A proof for `POST /token`, unless told otherwise; anything in it may be replaced. */
function prove({ by = signer, path = '/token', header = {}, claims = {} }: ProofOptions = {}): string {
  const { kty, crv, x, y } = by.jwk;
  const payload = { htm: 'POST', htu: scene.issuer + path, jti: randomUUID(), iat: seconds(), ...claims };
  return by.sign({ ...HEADER, jwk: { kty, crv, x, y }, ...header }, payload);
}

const credentials = { grant_type: 'client_credentials', resource: ORDERS };

const machineWith = (proof: string): Promise<Answer> =>
  post(`${scene.issuer}/token`, credentials, { ...machine.headers, DPoP: proof });

async function expectRefused(proof: string, label = proof): Promise<void> {
  const { status, json } = await machineWith(proof);
  expect([status, json['error']], label).toEqual([400, 'invalid_dpop_proof']);
}

/** The same token request at the other process. */
const machineAtOther = (proof: string): Promise<Answer> =>
  sendRaw({
    port: other.services.config.listen.port,
    method: 'POST',
    path: '/token',
    headers: {
      Host: new URL(scene.issuer).host,
      'Content-Type': 'application/x-www-form-urlencoded',
      ...machine.headers,
      DPoP: proof,
    },
    body: form(credentials).toString(),
  });

test('DP-01 the proof that all the others are made from is good', async () => {
  const { status, json } = await machineWith(prove());
  expect([status, json['token_type']]).toEqual([200, 'DPoP']);
  const { json: told } = await introspect(scene, machine, String(json['access_token']));
  expect(told['cnf']).toEqual({ jkt: await calculateJwkThumbprint(signer.jwk) });
});

test('DP-01 there is one proof', async () => {
  const [one, two] = [prove(), prove()];
  const twice = await sendRaw({
    port: scene.port,
    method: 'POST',
    path: '/token',
    headers: {
      Host: new URL(scene.issuer).host,
      'Content-Type': 'application/x-www-form-urlencoded',
      ...machine.headers,
      DPoP: [one, two],
    },
    body: form(credentials).toString(),
  });
  expect([twice.status, twice.json['error']]).toEqual([400, 'invalid_dpop_proof']);
  await expectRefused(`${one}, ${two}`);
  await expectRefused(`${one},`);
});

describe('DP-02 the proof is a signature by the public key it shows', () => {
  test('DP-02 of the right type', async () => {
    for (const typ of [undefined, 'JWT', 'at+jwt', 'dpop', 'jwt+dpop', '', 1, ['dpop+jwt']]) {
      await expectRefused(prove({ header: { typ } }), JSON.stringify(typ));
    }
  });

  test('DP-02 with an asymmetric algorithm', async () => {
    for (const alg of [
      'none',
      'nOnE',
      'HS256',
      'HS512',
      '',
      'ES512',
      'RS256',
      'dir',
      '__proto__',
      undefined,
    ]) {
      await expectRefused(prove({ header: { alg } }), String(alg));
    }
    const [header = '', payload = ''] = prove({ header: { alg: 'none' } }).split('.');
    await expectRefused(`${header}.${payload}.`);
  });

  test('DP-02 with a public key and nothing but', async () => {
    const { kty, crv, x, y } = signer.jwk;
    const keys = [
      { ...signer.privateJwk },
      { kty: 'oct', k: 'AAAA' },
      { kty, crv, x, y: x },
      { kty, crv: 'P-384', x, y },
      { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
      thief.jwk,
      {},
      null,
      'key',
      [signer.jwk],
      undefined,
    ];
    for (const jwk of keys) await expectRefused(prove({ header: { jwk } }), JSON.stringify(jwk));
    const urls = { jwk: undefined, jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/', kid: '1' };
    await expectRefused(prove({ header: urls }));
  });

  test('DP-02 without a large key costing much', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const n = Buffer.alloc(2000, 0xff).toString('base64url');
    const jwks = [publicKey.export({ format: 'jwk' }), { kty: 'RSA', n, e: n }, { kty: 'RSA', n, e: 'AQAB' }];
    for (const jwk of jwks) {
      const started = performance.now();
      await expectRefused(prove({ header: { alg: 'RS256', jwk } }));
      expect(performance.now() - started).toBeLessThan(300);
    }
  });

  test('DP-02 over claims of the right kind', async () => {
    const wrong = { jti: [undefined, '', 1, {}], iat: [undefined, '', String(seconds()), {}, null, 0] };
    for (const [claim, values] of Object.entries(wrong)) {
      for (const value of values) {
        await expectRefused(prove({ claims: { [claim]: value } }), `${claim} ${JSON.stringify(value)}`);
      }
    }
    for (const nonce of [1, {}, ['x']]) await expectRefused(prove({ claims: { nonce } }));
    for (const payload of ['null', '[]', '', '{', '\0'])
      await expectRefused(signer.sign({ ...HEADER }, payload));
    await expectRefused('a.b.c');
    await expectRefused(`${encode({})}..`);
  });
});

test('DP-03 the proof is for this method and this address', async () => {
  const { issuer, port } = scene;
  for (const htm of ['GET', 'post', 'PUT', '', undefined, 1])
    await expectRefused(prove({ claims: { htm } }), String(htm));
  const wrong = [
    `${issuer}/`,
    `${issuer}/token/`,
    `${issuer}/TOKEN`,
    `${issuer}/request`,
    `${issuer}/me`,
    `https://localhost:${port}/token`,
    'http://evil.example/token',
    `http://127.0.0.1:${port}/token`,
    `http://localhost.:${port}/token`,
    '/token',
    'token',
    '',
    undefined,
    1,
  ];
  for (const htu of wrong) await expectRefused(prove({ claims: { htu } }), String(htu));
  for (const htu of [
    `${issuer}/token?a=b`,
    `${issuer}/token#x`,
    `${issuer.replace('localhost', 'LOCALHOST')}/token`,
  ]) {
    expect((await machineWith(prove({ claims: { htu } }))).status, htu).toBe(200);
  }
});

test('DP-04 the proof is of now', async () => {
  for (const shift of [-10, -9, 0, 9, 10]) {
    expect((await machineWith(prove({ claims: { iat: seconds(shift) } }))).status, String(shift)).toBe(200);
  }
  for (const shift of [-3600, -301, -70, 70, 301, 3600, 1e12]) {
    await expectRefused(prove({ claims: { iat: seconds(shift) } }), String(shift));
  }
});

test('DP-04 a nonce makes no old proof young', async () => {
  const { headers } = await machineWith(prove());
  const nonce = headers.get('dpop-nonce');
  expect(nonce).not.toBeNull();
  await expectRefused(prove({ claims: { nonce, iat: seconds(-3600) } }));
  expect((await machineWith(prove({ claims: { nonce } }))).status).toBe(200);
});

describe('DP-05 a proof is used once', () => {
  const spent = ({ status, json }: Answer) => {
    expect(status).toBe(400);
    expect(json['error']).toMatch(/^(invalid_grant|invalid_dpop_proof)$/);
  };

  test('DP-05 in turn, and by sixteen at once at two processes', async () => {
    const first = prove();
    expect((await machineWith(first)).status).toBe(200);
    spent(await machineWith(first));
    spent(await machineAtOther(first));
    const proof = prove();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => (index % 2 ? machineAtOther(proof) : machineWith(proof))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('DP-05 for as long as its date would be accepted', async () => {
    const early = prove({ claims: { iat: seconds(55) } });
    expect((await machineWith(early)).status).toBe(200);
    for (const later of [50, 100, 110]) await after(later, async () => spent(await machineWith(early)));
  });

  test('DP-05 also with a nonce, and spelled otherwise', async () => {
    const { headers } = await machineWith(prove());
    const proof = prove({ claims: { nonce: headers.get('dpop-nonce') } });
    expect((await machineWith(proof)).status).toBe(200);
    spent(await machineWith(proof));
    spent(await machineWith(`${proof}=`));
  });
});

describe('DP-06 DP-07 a bound token at userinfo', () => {
  let bound: string;
  let bearer: string;
  beforeAll(async () => {
    const userinfo = { scope: 'openid', resource: undefined };
    const flow = await authorize(scene, spa, userinfo);
    const { json } = await redeem(scene, flow, {}, { DPoP: prove() });
    expect(json['token_type']).toBe('DPoP');
    bound = String(json['access_token']);
    bearer = (await tokensOf(scene, await authorize(scene, spa, userinfo))).access;
  });

  const me = (scheme: string, token: string, proof?: string): Promise<Answer> =>
    send(`${scene.issuer}/me`, {
      headers: { Authorization: `${scheme} ${token}`, ...(proof ? { DPoP: proof } : {}) },
    });
  const proveGet = (claims: object = {}, by = signer) =>
    prove({ by, path: '/me', claims: { htm: 'GET', ath: hashOf(bound), ...claims } });

  test('DP-06 comes with a proof that names it', async () => {
    expect((await me('DPoP', bound, proveGet())).status).toBe(200);
    const hex = createHash('sha256').update(bound).digest('hex');
    for (const ath of [undefined, '', hashOf(bearer), hashOf(''), hex, `${hashOf(bound)}=`, {}]) {
      const { status, headers } = await me('DPoP', bound, proveGet({ ath }));
      expect(status, JSON.stringify(ath)).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/DPoP .*error="invalid_dpop_proof"/);
    }
  });

  test('DP-07 is worth nothing without the proof, or with somebody else’s', async () => {
    const attempts = [
      await me('Bearer', bound),
      await me('DPoP', bound),
      await me('bearer', bound, proveGet()),
      await me('DPoP', bound, proveGet({}, thief)),
      await me('DPoP', bound, prove({ path: '/me', claims: { ath: hashOf(bound) } })),
      await post(`${scene.issuer}/me`, { access_token: bound }),
      await post(`${scene.issuer}/me`, { access_token: bound }, { DPoP: prove({ path: '/me' }) }),
      await send(`${scene.issuer}/me?access_token=${bound}`, { headers: { DPoP: proveGet() } }),
    ];
    for (const { status, json } of attempts) {
      expect([400, 401]).toContain(status);
      expect(json).not.toHaveProperty('sub');
    }
  });

  test('DP-07 a stale proof is told so as every other error', async () => {
    const origin = { Origin: new URL(spa.redirectUri).origin };
    const headers = { ...origin, Authorization: `DPoP ${bound}`, DPoP: proveGet({ iat: seconds(-100) }) };
    const answer = await send(`${scene.issuer}/me`, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP /);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin.Origin);
  });

  test('DP-07 a bearer token does not become a bound one', async () => {
    const proof = prove({ path: '/me', claims: { htm: 'GET', ath: hashOf(bearer) } });
    expect((await me('DPoP', bearer, proof)).status).toBe(401);
    expect((await me('Bearer', bearer)).status).toBe(200);
  });
});

describe('DP-08 the refresh token of a public client', () => {
  const boundFlow = async (): Promise<{ flow: Flow; refreshToken: string }> => {
    const flow = await authorize(scene, spa);
    const { json } = await redeem(scene, flow, {}, { DPoP: prove() });
    return { flow, refreshToken: String(json['refresh_token']) };
  };

  test('DP-08 needs the key it was issued to, and survives attempts without', async () => {
    const { refreshToken } = await boundFlow();
    const attempts = [{}, { DPoP: prove({ by: thief }) }, { DPoP: 'garbage' }];
    for (const headers of attempts) {
      const { status, json } = await refresh(scene, spa, refreshToken, {}, headers);
      expect(status).toBe(400);
      expect(json['error']).toMatch(/^invalid_(grant|dpop_proof)$/);
    }
    const renewed = await refresh(scene, spa, refreshToken, {}, { DPoP: prove() });
    expect([renewed.status, renewed.json['token_type']]).toEqual([200, 'DPoP']);
  });

  test('DP-08 is not answered again to another key within the grace period', async () => {
    const { refreshToken } = await boundFlow();
    expect((await refresh(scene, spa, refreshToken, {}, { DPoP: prove() })).status).toBe(200);
    for (const headers of [{ DPoP: prove({ by: thief }) }, {}]) {
      const again = await refresh(scene, spa, refreshToken, {}, headers);
      expect(again.json).not.toHaveProperty('access_token');
    }
  });
});

describe('DP-09 a code can be bound to a key before it exists', () => {
  const jkt = () => calculateJwkThumbprint(signer.jwk);

  test('DP-09 by dpop_jkt', async () => {
    const flow = await authorize(scene, web, { dpop_jkt: await jkt() });
    for (const headers of [web.headers, { ...web.headers, DPoP: prove({ by: thief }) }]) {
      expect((await redeem(scene, flow, {}, headers)).json['error']).toBe('invalid_grant');
    }
    const { status } = await redeem(scene, flow, {}, { ...web.headers, DPoP: prove() });
    expect(status).toBe(200);
  });

  test('DP-09 by a proof at PAR', async () => {
    const { fields, verifier } = authorizationRequest(web);
    const headers = { ...web.headers, DPoP: prove({ path: '/request' }) };
    const { json } = await post(`${scene.issuer}/request`, fields, headers);
    const requestUri = String(json['request_uri']);
    const flow = await authorize(scene, web, { request_uri: requestUri });
    const bound = { ...flow, verifier };
    const stolen = await redeem(scene, bound, {}, { ...web.headers, DPoP: prove({ by: thief }) });
    expect(stolen.json['error']).toBe('invalid_grant');
    expect((await redeem(scene, bound)).json['error']).toBe('invalid_grant');
    expect((await redeem(scene, bound, {}, { ...web.headers, DPoP: prove() })).status).toBe(200);
  });

  test('DP-09 and not by two', async () => {
    const { fields } = authorizationRequest(web, { dpop_jkt: await calculateJwkThumbprint(thief.jwk) });
    const headers = { ...web.headers, DPoP: prove({ path: '/request' }) };
    const { status, json } = await post(`${scene.issuer}/request`, fields, headers);
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
  });
});

describe('DP-10 nonces', () => {
  test('DP-10 a nonce of ours is accepted by every process, any other asks for ours', async () => {
    const nonce = (await machineWith(prove())).headers.get('dpop-nonce');
    expect((await machineAtOther(prove({ claims: { nonce } }))).status).toBe(200);
    for (const wrong of ['invented', 'A'.repeat(43), `${nonce}x`, '\u00e9', '__proto__']) {
      const { status, json, headers } = await machineWith(prove({ claims: { nonce: wrong } }));
      expect([status, json['error']], wrong).toEqual([400, 'use_dpop_nonce']);
      expect(headers.get('dpop-nonce')).toBeTruthy();
    }
    await after(600, async () => {
      const { json } = await machineWith(prove({ claims: { nonce } }));
      expect(json['error']).toBe('use_dpop_nonce');
    });
  });

  test('DP-10 oauth4webapi finds its way with a nonce it was given', async () => {
    const keys = await oauth.generateKeyPair('ES256', { extractable: true });
    const dpop = oauth.DPoP({}, keys);
    const { access } = await tokensOf(
      scene,
      await authorize(scene, spa, { scope: 'openid', resource: undefined }),
      dpop,
    );
    const again = await tokensOf(scene, await authorize(scene, spa), dpop);
    expect(access).not.toBe(again.access);
  });
});

test('DP-11 metadata names the algorithms, all of them asymmetric', () => {
  const algorithms = scene.as.dpop_signing_alg_values_supported ?? [];
  expect(algorithms).toContain('ES256');
  expect(algorithms.filter((alg) => /^HS|none/i.test(alg))).toEqual([]);
});

test('DP-12 a browser may read the nonce and the challenge', async () => {
  const { origin } = new URL(spa.redirectUri);
  const flow = await authorize(scene, spa);
  const token = await redeem(scene, flow, {}, { Origin: origin, DPoP: prove() });
  const me = await send(`${scene.issuer}/me`, { headers: { Origin: origin, Authorization: 'DPoP x' } });
  for (const { headers } of [token, me]) {
    const exposed = (headers.get('access-control-expose-headers') ?? '').toLowerCase();
    expect(exposed).toContain('dpop-nonce');
    expect(exposed).toContain('www-authenticate');
  }
  expect(token.headers.get('dpop-nonce')).toBeTruthy();
});

test('DP-07 a client that registered for bound tokens gets no others', async () => {
  const bound = await addClient(scene, 'web', { metadata: { dpop_bound_access_tokens: true } });
  const flow = await authorize(scene, bound);
  const without = await redeem(scene, flow);
  expect(without.status).toBe(400);
  expect(without.json).not.toHaveProperty('access_token');
  const { status, json } = await redeem(scene, flow, {}, { ...bound.headers, DPoP: prove() });
  expect([status, json['token_type']]).toEqual([200, 'DPoP']);
  const renewed = await refresh(scene, bound, String(json['refresh_token']));
  expect(renewed.json).not.toHaveProperty('access_token');
});
