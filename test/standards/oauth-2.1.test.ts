import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { ORDERS } from '../support/factories.ts';
import { basic, form, post, postJson, send, type Answer } from './http.ts';
import {
  addClient,
  askByForm,
  authorizationRequest,
  authorize,
  authorizeUrl,
  issue,
  introspect,
  machineToken,
  openScene,
  redeem,
  refresh,
  walk,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

let scene: Scene;
let web: RelyingParty;
let machine: RelyingParty;

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web');
  machine = await addClient(scene, 'machine');
});
afterAll(() => scene.stop());

const token = (fields: Parameters<typeof post>[1], headers = machine.headers): Promise<Answer> =>
  post(`${scene.issuer}/token`, fields, headers);

test('O21-01 a confidential client cannot do without PKCE, not even with a nonce', async () => {
  const { fields } = authorizationRequest(web, {
    code_challenge: undefined,
    code_challenge_method: undefined,
    nonce: 'n-0S6_WzA2Mj',
  });
  const { location } = await send(authorizeUrl(scene, fields));
  expect(location?.searchParams.get('error')).toBe('invalid_request');
});

test('O21-02 a parameter nobody knows is ignored', async () => {
  const flow = await authorize(scene, web, { foo: 'bar', constructor: 'x', __proto__x: 'y' });
  const { status, json } = await redeem(scene, flow, { foo: 'bar' });
  expect(status).toBe(200);
  expect(json).not.toHaveProperty('foo');
});

describe('O21-03 a parameter is given once', () => {
  test.each([
    'state',
    'client_id',
    'redirect_uri',
    'scope',
    'response_type',
    'code_challenge',
    'prompt',
    'nonce',
  ])('O21-03 twice %s at the authorization endpoint is invalid_request', async (name) => {
    const { fields } = authorizationRequest(web, { nonce: 'one' });
    const pairs = [...form(fields), [name, 'other']] as [string, string][];
    for (const answer of [await send(authorizeUrl(scene, pairs)), await askByForm(scene, pairs)]) {
      const error = answer.location?.searchParams.get('error') ?? answer.text;
      expect(error).toContain('invalid_request');
      if (name === 'client_id' || name === 'redirect_uri') expect(answer.location).toBeUndefined();
    }
  });

  test.each(['grant_type', 'scope', 'client_id', 'client_secret'])(
    'O21-03 twice %s at the token endpoint is invalid_request',
    async (name) => {
      const fields = {
        grant_type: 'client_credentials',
        client_id: machine.id,
        client_secret: machine.secret ?? '',
      };
      const pairs = [...Object.entries({ scope: 'orders:read', ...fields }), [name, 'other']] as [
        string,
        string,
      ][];
      const { status, json } = await token(pairs, {});
      expect(status).toBe(400);
      expect(json['error']).toBe('invalid_request');
    },
  );

  test.each(['code', 'code_verifier', 'redirect_uri'])(
    'O21-03 twice %s leaves the code unspent',
    async (name) => {
      const flow = await authorize(scene, web);
      const fields = {
        grant_type: 'authorization_code',
        code: flow.code,
        redirect_uri: web.redirectUri,
        code_verifier: flow.verifier,
      };
      const twice = [...Object.entries(fields), [name, 'other']] as [string, string][];
      expect((await token(twice, web.headers)).json['error']).toBe('invalid_request');
      expect((await token(fields, web.headers)).status).toBe(200);
    },
  );

  test('O21-03 a parameter in the query of the token endpoint is none', async () => {
    const query = form({
      grant_type: 'client_credentials',
      client_id: machine.id,
      client_secret: machine.secret,
    });
    const { status } = await post(`${scene.issuer}/token?${query}`, {});
    expect(status).toBe(400);
  });

  test('O21-03 an empty value is no value', async () => {
    const { status } = await machineToken(scene, machine, { scope: '', foo: '' });
    expect(status).toBe(200);
    const flow = await authorize(scene, web, { state: '', nonce: '', login_hint: '' });
    expect(flow.callback.searchParams.has('state')).toBe(false);
  });
});

test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD'])(
  'O21-04 %s at the token endpoint is refused',
  async (method) => {
    const { status, headers } = await send(`${scene.issuer}/token?grant_type=client_credentials`, {
      method,
      headers: machine.headers,
    });
    expect([404, 405]).toContain(status);
    if (status === 405) expect(headers.get('allow')).toBe('POST');
  },
);

test.each([
  ['JSON', 'application/json', '{"grant_type":"client_credentials"}'],
  ['text', 'text/plain', 'grant_type=client_credentials'],
  ['multipart', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--'],
  ['XML', 'application/xml', '<grant_type>client_credentials</grant_type>'],
  ['nothing named', '', 'grant_type=client_credentials'],
  ['UTF-7', 'application/x-www-form-urlencoded; charset=utf-7', 'grant_type=client_credentials'],
])('O21-04 %s at the token endpoint is invalid_request', async (_, type, body) => {
  const { status, json } = await send(`${scene.issuer}/token`, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { ...machine.headers, ...(type ? { 'Content-Type': type } : {}) },
  });
  expect([400, 415]).toContain(status);
  expect(json['error']).toBe('invalid_request');
});

test.each(['text/html', 'text/html,application/xhtml+xml,*/*;q=0.8', 'image/png', ''])(
  'O21-04 an error is JSON for a client that accepts %j',
  async (accept) => {
    for (const path of [
      '/token',
      '/token/introspection',
      '/token/revocation',
      '/request',
      '/device/auth',
      '/me',
    ]) {
      const answer = await post(`${scene.issuer}${path}`, {}, { Accept: accept });
      expect(answer.headers.get('content-type'), path).toMatch(/^application\/json/);
      expect(answer.json, path).toHaveProperty('error');
    }
  },
);

test('O21-05 nothing that carries a credential may be kept by a cache', async () => {
  const { issuer } = scene;
  const spa = await addClient(scene, 'spa');
  const device = await addClient(scene, 'device');
  const { fields } = authorizationRequest(web);
  const tokens = await issue(scene, spa, { scope: 'openid', resource: undefined });
  const bearer = { Authorization: `Bearer ${tokens.access}` };
  const answers: Record<string, Answer> = {
    token: await machineToken(scene, machine),
    'token, refused': await token(
      { grant_type: 'client_credentials' },
      { Authorization: basic(machine.id, 'x') },
    ),
    PAR: await post(`${issuer}/request`, fields, web.headers),
    introspection: await introspect(scene, spa, tokens.access),
    userinfo: await send(`${issuer}/me`, { headers: bearer }),
    'userinfo, refused': await send(`${issuer}/me`, { headers: { Authorization: 'Bearer x' } }),
    device: await post(`${issuer}/device/auth`, { client_id: device.id, scope: 'openid' }),
    registration: await postJson(`${issuer}/reg`, {}),
    'the answer with the code': await send(
      authorizeUrl(scene, authorizationRequest(web, { prompt: 'none' }).fields),
    ),
    'JSON to the token endpoint': await postJson(`${issuer}/token`, {}),
  };
  for (const [name, { headers }] of Object.entries(answers)) {
    expect(headers.get('cache-control'), name).toContain('no-store');
  }
});

describe('O21-06 a client authenticates in one way', () => {
  const assertion = {
    client_assertion: 'e30.e30.e30',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
  test.each([
    ['header and body', { client_secret: 'SECRET' }],
    ['header and assertion', assertion],
    ['header and the name of another client', { client_id: 'cli_other' }],
  ])('O21-06 not in %s', async (_, extra) => {
    const { status, json } = await token({ grant_type: 'client_credentials', ...extra });
    expect([400, 401]).toContain(status);
    expect(json['error']).toMatch(/^invalid_(request|client)$/);
  });

  test('O21-06 not in body and assertion', async () => {
    const fields = {
      grant_type: 'client_credentials',
      client_id: machine.id,
      client_secret: machine.secret ?? '',
    };
    const { status } = await token({ ...fields, ...assertion }, {});
    expect(status).toBe(400);
  });

  test('O21-06 a client that has a secret cannot come without it', async () => {
    for (const fields of [{ client_id: web.id }, { client_id: web.id, client_secret: '' }]) {
      const flow = await authorize(scene, web);
      const answer = await redeem(scene, flow, fields, {});
      expect([400, 401]).toContain(answer.status);
      expect(answer.json).not.toHaveProperty('access_token');
    }
  });

  test('O21-06 a public client cannot come with one', async () => {
    const spa = await addClient(scene, 'spa');
    const flow = await authorize(scene, spa);
    const answer = await redeem(scene, flow, { client_secret: 'anything' });
    expect(answer.json['error']).toBe('invalid_client');
  });
});

test('O21-07 a wrong secret in the header is a 401 with a challenge', async () => {
  const { status, json, headers } = await token(
    { grant_type: 'client_credentials' },
    { Authorization: basic(machine.id, 'wrong') },
  );
  expect(status).toBe(401);
  expect(json['error']).toBe('invalid_client');
  expect(headers.get('www-authenticate')).toMatch(/^Basic /);
});

/** All of an error but what differs with every request. */
function withoutId(error: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...error, request_id: '' };
}

test('O21-07 an unknown client and a wrong secret look alike', async () => {
  const [unknown, wrong] = await Promise.all(
    ['cli_unknown', machine.id].map((id) =>
      token({ grant_type: 'client_credentials' }, { Authorization: basic(id, 'wrong') }),
    ),
  );
  expect(unknown?.status).toBe(wrong?.status);
  expect(withoutId(unknown?.json)).toEqual(withoutId(wrong?.json));
  expect(unknown?.headers.get('www-authenticate')).toBe(wrong?.headers.get('www-authenticate'));
});

test('O21-08 a token in the query is none', async () => {
  const spa = await addClient(scene, 'spa');
  const { access } = await issue(scene, spa, { scope: 'openid', resource: undefined });
  const { status, json } = await send(`${scene.issuer}/me?access_token=${access}`);
  expect([400, 401]).toContain(status);
  expect(json).not.toHaveProperty('sub');
});

test('O21-09 F2-06 a code lives for a minute', async () => {
  const flow = await authorize(scene, web);
  const late = await after(61 + 10, () => redeem(scene, flow));
  expect(late.json['error']).toBe('invalid_grant');
  const young = await authorize(scene, web);
  expect((await after(50, () => redeem(scene, young))).status).toBe(200);
});

describe('O21-10 guessing at client secrets', () => {
  /** The first answer that is a 429, or undefined after so many guesses. */
  async function guess(
    attempts: number,
    attempt: (index: number) => Promise<Answer>,
  ): Promise<{ answer: Answer; index: number } | undefined> {
    for (let index = 0; index < attempts; index += 1) {
      const answer = await attempt(index);
      if (answer.status === 429) return { answer, index };
    }
    return undefined;
  }

  const wrong = (id: string, index: number) => ({ Authorization: basic(id, `guess-${index}`) });

  test('O21-10 ends in 429 soon, with the right secret too, while other clients go on', async () => {
    const victim = await addClient(scene, 'machine');
    const stopped = await guess(100, (index) =>
      token({ grant_type: 'client_credentials' }, wrong(victim.id, index)),
    );
    expect(stopped?.index).toBeLessThanOrEqual(25);
    expect(Number(stopped?.answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(stopped?.answer.json['error']).toBe('temporarily_unavailable');
    expect((await machineToken(scene, victim)).status).toBe(429);
    expect((await machineToken(scene, machine)).status).toBe(200);
    expect((await after(61, () => machineToken(scene, victim))).status).toBe(200);
  });

  const percent = (text: string, index: number): string =>
    Array.from(text)
      .map((letter, at) => ((index >> (at % 16)) & 1 ? `%${letter.charCodeAt(0).toString(16)}` : letter))
      .join('');

  const assertionOf = (id: string, index: number): string =>
    ['{"alg":"ES256"}', JSON.stringify({ sub: id, iss: id, jti: index }), 'x']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');

  const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

  const DISGUISES: Record<string, (id: string, index: number) => Promise<Answer>> = {
    'an answer as HTML': (id, index) =>
      token({ grant_type: 'client_credentials' }, { ...wrong(id, index), Accept: 'text/html' }),
    'its name spelled in percent-encodings': (id, index) => {
      const credentials = Buffer.from(`${percent(id, index + 1)}:guess`).toString('base64');
      return token({ grant_type: 'client_credentials' }, { Authorization: `Basic ${credentials}` });
    },
    'addresses made up': (id, index) =>
      token(
        { grant_type: 'client_credentials' },
        { ...wrong(id, index), 'X-Forwarded-For': `198.51.100.${index}`, 'X-Real-IP': `198.51.100.${index}` },
      ),
    'the body': (id, index) =>
      token({ grant_type: 'client_credentials', client_id: id, client_secret: `guess-${index}` }, {}),
    assertions: (id, index) =>
      token(
        {
          grant_type: 'client_credentials',
          client_assertion: assertionOf(id, index),
          client_assertion_type: JWT_BEARER,
        },
        {},
      ),
    'assertions beside an empty client_id': (id, index) =>
      token(
        {
          grant_type: 'client_credentials',
          client_id: '',
          client_assertion: assertionOf(id, index),
          client_assertion_type: JWT_BEARER,
        },
        {},
      ),
    introspection: (id, index) =>
      post(`${scene.issuer}/token/introspection`, { token: 'x' }, wrong(id, index)),
    revocation: (id, index) => post(`${scene.issuer}/token/revocation`, { token: 'x' }, wrong(id, index)),
    PAR: (id, index) => post(`${scene.issuer}/request`, { client_id: id }, wrong(id, index)),
    'device authorization': (id, index) => post(`${scene.issuer}/device/auth`, {}, wrong(id, index)),
  };

  test.each(Object.keys(DISGUISES))('O21-10 is not hidden by %s', async (disguise) => {
    const victim = await addClient(scene, 'machine');
    const attempt = DISGUISES[disguise];
    const stopped = await guess(40, async (index) => {
      const answer = await attempt?.(victim.id, index);
      if (!answer) throw new Error('no such disguise');
      expect([400, 401, 429]).toContain(answer.status);
      return answer;
    });
    expect(stopped?.index).toBeLessThanOrEqual(25);
    expect((await machineToken(scene, victim)).status).toBe(429);
    expect((await machineToken(scene, machine)).status).toBe(200);
  });

  test('O21-10 the endpoints together give no more guesses than one', async () => {
    const victim = await addClient(scene, 'machine');
    const doors = [
      'an answer as HTML',
      'introspection',
      'revocation',
      'PAR',
      'device authorization',
      'the body',
    ];
    const stopped = await guess(100, async (index) => {
      const answer = await DISGUISES[doors[index % doors.length] ?? '']?.(victim.id, index);
      if (!answer) throw new Error('no such door');
      return answer;
    });
    expect(stopped?.index).toBeLessThanOrEqual(25);
  });

  test('O21-10 client management tells nobody whether a secret is right', async () => {
    const url = `${scene.issuer}/reg/${machine.id}`;
    const ask = (secret: string | undefined) =>
      send(url, {
        method: 'PUT',
        body: JSON.stringify({ client_id: machine.id, client_secret: secret }),
        headers: { 'Content-Type': 'application/json', Authorization: 'Bearer guess' },
      });
    const right = await ask(machine.secret);
    const wrong = await ask('gcs_wrong');
    expect([right.status, withoutId(right.json)]).toEqual([wrong.status, withoutId(wrong.json)]);
    expect(right.status).toBe(401);
  });
});

describe('O21-11 loopback redirect URIs of native apps', () => {
  const metadata = { redirect_uris: ['http://127.0.0.1/cb', 'http://[::1]:9/cb'] };
  let native: RelyingParty;
  beforeAll(async () => {
    native = await addClient(scene, 'native', { metadata });
  });

  test.each(['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb', 'http://[::1]:51004/cb'])(
    'O21-11 the port of %s is the app’s own choice',
    async (uri) => {
      const { fields } = authorizationRequest(native, { redirect_uri: uri, prompt: 'none' });
      const { location } = await send(authorizeUrl(scene, fields));
      expect(location?.href.startsWith(uri)).toBe(true);
    },
  );

  test.each([
    'http://localhost:51004/cb',
    'http://127.0.0.2/cb',
    'http://127.0.0.1:51004/cb/',
    'http://127.0.0.1:51004/',
    'http://127.0.0.1:51004@evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'https://127.0.0.1/cb',
    'http://[::ffff:127.0.0.1]/cb',
    'http://127.1/cb',
    'http://127.0.0.1:0x50/cb',
    'http://127.0.0.1:51004/cb?x',
  ])('O21-11 %s is another address', async (uri) => {
    const { location, status } = await send(
      authorizeUrl(scene, authorizationRequest(native, { redirect_uri: uri }).fields),
    );
    expect(status).toBe(400);
    expect(location).toBeUndefined();
  });

  test('O21-11 the token request names the port of the authorization request', async () => {
    const app = { ...native, redirectUri: 'http://127.0.0.1:51004/cb' };
    const flow = await authorize(scene, app);
    const other = await redeem(scene, flow, { redirect_uri: 'http://127.0.0.1:51005/cb' });
    expect(other.json['error']).toBe('invalid_grant');
    expect((await redeem(scene, flow)).status).toBe(200);
  });

  test('O21-11 a web client has no such freedom', async () => {
    const local = await addClient(scene, 'web', {
      metadata: { redirect_uris: ['http://127.0.0.1:3001/cb'] },
    });
    const { fields } = authorizationRequest(local, { redirect_uri: 'http://127.0.0.1:3002/cb' });
    expect((await send(authorizeUrl(scene, fields))).location).toBeUndefined();
  });
});

test('O21-12 no two of a thousand tokens are alike, and none can be guessed', async () => {
  const requests = await Promise.all(
    Array.from({ length: 100 }, () =>
      post(`${scene.issuer}/request`, authorizationRequest(web).fields, web.headers),
    ),
  );
  const uris = requests.map(({ json }) => String(json['request_uri']).split(':').at(-1) ?? '');
  const device = await addClient(scene, 'device');
  const codes = await Promise.all(
    Array.from({ length: 100 }, () => post(`${scene.issuer}/device/auth`, { client_id: device.id })),
  );
  const deviceCodes = codes.map(({ json }) => String(json['device_code']));
  const jtis: string[] = [];
  for (let round = 0; round < 25; round += 1) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => machineToken(scene, machine)));
    for (const { json } of answers) {
      const payload = String(json['access_token']).split('.')[1] ?? '';
      jtis.push((JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string }).jti);
    }
  }
  const opaque: string[] = [];
  let { refresh: current } = await issue(scene, web);
  for (let turn = 0; turn < 50; turn += 1) {
    opaque.push(current);
    current = String((await refresh(scene, web, current)).json['refresh_token']);
  }
  const all = [...uris, ...deviceCodes, ...jtis, ...opaque];
  expect(all.length).toBe(1000);
  expect(new Set(all).size).toBe(all.length);
  expect(new Set(all.map((value) => value.slice(0, 6))).size).toBe(all.length);
  for (const value of all) expect(value).toMatch(/^[A-Za-z0-9_-]{42,}$/);
  const userCodes = codes.map(({ json }) => String(json['user_code']));
  for (const code of userCodes) expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  expect(new Set(userCodes).size).toBe(userCodes.length);
});

test('O21-13 OC-13 the authorization endpoint takes a form as it takes a query', async () => {
  const { fields } = authorizationRequest(web);
  const posted = await post(`${scene.issuer}/auth`, fields);
  // 303 and not 307: a browser follows with a GET, to which it adds the session's Lax cookie.
  expect(posted.status).toBe(303);
  expect(posted.headers.get('cache-control')).toBe('no-store');
  expect(posted.location?.origin).toBe(scene.issuer);
  for (const answer of [await askByForm(scene, fields), await send(authorizeUrl(scene, fields))]) {
    expect(answer.status).toBe(303);
    expect(answer.location?.pathname).toMatch(/^\/interaction\//);
  }
});

test('O21-13 a form that fits no URL, or is none, is refused', async () => {
  const { fields } = authorizationRequest(web, { state: 's'.repeat(20_000) });
  expect([413, 414]).toContain((await post(`${scene.issuer}/auth`, fields)).status);
  expect((await postJson(`${scene.issuer}/auth`, fields)).status).toBe(415);
});

test('O21-14 BBA-04 an app that anybody can imitate asks every time', async () => {
  const native = await addClient(scene, 'native', { metadata: { redirect_uris: ['com.example.app:/cb'] } });
  const walker = createWalker({ origin: scene.issuer });
  await authorize(scene, native, {}, walker);
  const silent = authorizationRequest(native, { prompt: 'none', scope: 'openid orders:read' });
  const refused = await walker.visit(authorizeUrl(scene, silent.fields));
  expect(refused.leavesTo?.searchParams.get('error')).toBe('interaction_required');
  const second = authorizationRequest(native, { prompt: undefined, scope: 'openid orders:read' });
  const page = await walker.visit(authorizeUrl(scene, second.fields));
  expect(page.forms[0]?.action.pathname).toMatch(/\/consent$/);
  expect((await walk(scene, walker, page)).leavesTo?.searchParams.get('code')).toBeTruthy();
});

describe('O21-15 what an error says', () => {
  const NASTY = 'a"b\\c\r\nSet-Cookie: x=y\u2028<script>\u00e9\ud83d\ude00';
  /** RFC 6749 §5.2, §4.1.2.1. */
  const ALLOWED = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;
  const names = [
    'scope',
    'prompt',
    'response_type',
    'response_mode',
    'claims',
    'max_age',
    'id_token_hint',
    'resource',
  ];
  const more = [
    'code_challenge',
    'code_challenge_method',
    'state',
    'display',
    'acr_values',
    'dpop_jkt',
    'request',
  ];

  test.each([...names, ...more, 'client_id', 'redirect_uri'])(
    'O21-15 %s cannot write into it at the authorization endpoint',
    async (name) => {
      const answer = await send(authorizeUrl(scene, authorizationRequest(web, { [name]: NASTY }).fields));
      expect(answer.headers.get('set-cookie') ?? '').not.toContain('x=y');
      expect(answer.text).not.toContain('<script>\u00e9');
      for (const member of ['error', 'error_description', 'error_uri']) {
        expect(answer.location?.searchParams.get(member) ?? '').toMatch(ALLOWED);
      }
    },
  );

  test.each([
    'grant_type',
    'scope',
    'resource',
    'code',
    'client_id',
    'refresh_token',
    'redirect_uri',
    'code_verifier',
  ])('O21-15 %s cannot write into it at the token endpoint', async (name) => {
    for (const grantType of ['client_credentials', 'authorization_code', 'refresh_token']) {
      const { json, headers } = await token({ grant_type: grantType, [name]: NASTY }, web.headers);
      for (const value of Object.values(json)) expect(String(value)).toMatch(ALLOWED);
      expect(headers.get('www-authenticate') ?? '').toMatch(/^[\x20-\x7e]*$/);
    }
  });

  test('O21-15 what was asked for is not quoted by our own errors either', async () => {
    const audience = `${ORDERS}/"quoted"`;
    const { json } = await machineToken(scene, machine, { resource: audience, scope: 'a!b#c' });
    for (const value of Object.values(json)) expect(String(value)).toMatch(ALLOWED);
  });
});
