import { createHash } from 'node:crypto';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createVerifier } from '../../src/resource-server/create-verifier.ts';
import type { Verifier, VerifierOptions } from '../../src/resource-server/verifier.ts';
import { confusedTokens, encode, listenForCalls, makeSigner } from '../standards/forge.ts';
import { AUDIENCE, startScriptedIssuer, type ScriptedIssuer } from '../support/scripted-issuer.ts';
import { outcomeOf, refusalOf } from './refusals.ts';

let issuer: ScriptedIssuer;
let verifier: Verifier;
beforeAll(async () => {
  issuer = await startScriptedIssuer();
  verifier = issuer.verifier();
});
afterAll(() => issuer[Symbol.asyncDispose]());

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const request = (authorization?: string | string[], more = {}) => ({
  method: 'GET',
  url: 'https://api.example/orders/1',
  authorization,
  ...more,
});

test('a good token is accepted, again and again', async () => {
  const token = issuer.token({ scope: 'orders:read orders:write' });
  for (let time = 0; time < 3; time += 1) {
    const verified = await verifier.verify(token);
    expect(verified).toMatchObject({ subject: 'client-1', clientId: 'client-1', scheme: 'Bearer' });
    expect([...verified.scopes]).toEqual(['orders:read', 'orders:write']);
    expect(verified.senderConstrained).toBe(false);
  }
});

test('what one caller does to the claims of a token does not reach the next', async () => {
  const token = issuer.token({ nested: { roles: ['reader'] } });
  const { claims } = await verifier.verify(token);
  expect(() => Object.assign(claims, { sub: 'root' })).toThrow(TypeError);
  expect(() => (claims['nested'] as { roles: string[] }).roles.push('admin')).toThrow(TypeError);
});

describe('RFC 9068 §4', () => {
  test.each([
    ['another type', {}, { typ: 'JWT' }, 'type'],
    ['no type', {}, { typ: undefined }, 'type'],
    ['a type of another type', {}, { typ: ['at+jwt'] }, 'type'],
    ['another issuer', { iss: 'https://evil.example' }, {}, 'issuer'],
    ['an issuer with a slash more', { iss: undefined }, {}, 'issuer'],
    ['another audience', { aud: 'https://api.example/other' }, {}, 'audience'],
    ['an audience that begins like ours', { aud: `${AUDIENCE}/` }, {}, 'audience'],
    ['an expired token', { exp: nowSeconds() - 10 }, {}, 'expired'],
    ['a token of the future', { nbf: nowSeconds() + 60 }, {}, 'not_yet_valid'],
    ['a token issued in the future', { iat: nowSeconds() + 60 }, {}, 'not_yet_valid'],
  ])('%s is refused', async (_, claims, header, reason) => {
    expect(await outcomeOf(verifier.verify(issuer.token(claims, header)))).toBe(`invalid_token/${reason}`);
  });

  test('the type is read without regard to case, and in its long form', async () => {
    for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      expect(await outcomeOf(verifier.verify(issuer.token({}, { typ })))).toBe('valid');
    }
  });

  test('one audience of several is enough', async () => {
    expect(await outcomeOf(verifier.verify(issuer.token({ aud: ['https://x.example', AUDIENCE] })))).toBe(
      'valid',
    );
  });

  test('the clock may be off by the skew, and by no more', async () => {
    const strict = issuer.verifier({ clockSkewSeconds: 0 });
    const late = issuer.token({ exp: nowSeconds() - 2 });
    expect(await outcomeOf(verifier.verify(late))).toBe('valid');
    expect(await outcomeOf(strict.verify(late))).toBe('invalid_token/expired');
  });

  test('a token that is remembered expires all the same', async () => {
    let now = Date.now();
    const watched = issuer.verifier({ now: () => now });
    const token = issuer.token();
    expect(await outcomeOf(watched.verify(token))).toBe('valid');
    now += 310_000;
    expect(await outcomeOf(watched.verify(token))).toBe('invalid_token/expired');
  });
});

describe('claims of a wrong type (RFC 8725 §3.9)', () => {
  const wrong: [string, unknown[]][] = [
    [
      'exp',
      [undefined, '1e99', String(nowSeconds() + 60), -1, 1e99, nowSeconds() + 60.5, null, {}, [9e9], true],
    ],
    ['iat', [undefined, '0', -1, 0.5, null, {}]],
    ['nbf', ['0', -1, 0.5, null, {}]],
    ['aud', [undefined, {}, [], [{}], [AUDIENCE, 1], null, 1, '']],
    ['sub', [undefined, '', 1, null, {}]],
    ['client_id', [undefined, '', 1, ['client-1']]],
    ['jti', [undefined, '', 1]],
    ['scope', [['orders:read'], {}, 1]],
    ['cnf', [null, 'x', {}, { jkt: 1 }, { jkt: '' }, { jwk: {} }, { jkt: 'x', kid: 'y' }, []]],
    ['status', [null, 'x', {}, { status_list: {} }, { status_list: [] }]],
  ];
  test.each(wrong)('%s', async (name, values) => {
    for (const value of values) {
      expect(await outcomeOf(verifier.verify(issuer.token({ [name]: value }))), JSON.stringify(value)).toBe(
        'invalid_token/claims',
      );
    }
  });

  test('a status that points away from the issuer is refused, and nothing is fetched', async () => {
    await using elsewhere = await listenForCalls();
    const { origin } = new URL(elsewhere.url);
    const { host } = new URL(issuer.url);
    const uris = [
      elsewhere.url,
      `${issuer.url}.evil.example/status-lists/a`,
      `http://${host}@${new URL(origin).host}/`,
      `${issuer.url}@evil.example/`,
      `//${host}/status-lists/a`,
      `${issuer.url}\\@evil.example/`,
      `${issuer.url}/status-lists/a#b`,
      'file:///etc/passwd',
      7,
      undefined,
    ];
    for (const uri of uris) {
      const token = issuer.token({ status: { status_list: { idx: 0, uri } } });
      expect(await outcomeOf(verifier.verify(token)), String(uri)).toBe('invalid_token/claims');
    }
    expect(elsewhere.connections).toBe(0);
  });

  test.each([-1, 0.5, '0', null, undefined, 2 ** 53])('status index %s', async (idx) => {
    const token = issuer.token({ status: { status_list: { idx, uri: issuer.listUri('a') } } });
    expect(await outcomeOf(verifier.verify(token))).toBe('invalid_token/claims');
  });
});

describe('RFC 8725', () => {
  test.each(['none', 'None', 'nOnE', 'NONE', ''])(
    'alg %s is refused, with and without a signature',
    async (alg) => {
      const head = encode({ typ: 'at+jwt', alg, kid: 'key-1' });
      for (const tail of ['', 'AAAA']) {
        const token = `${head}.${encode(issuer.claims())}.${tail}`;
        expect(await outcomeOf(verifier.verify(token))).toMatch(/^invalid_token\/(?:malformed|algorithm)$/);
      }
    },
  );

  test('a public key is not taken for the secret of an HMAC', async () => {
    for (const token of confusedTokens(issuer.signer.jwk, issuer.claims())) {
      const typed = token.replace(/^[^.]+/, encode({ typ: 'at+jwt', alg: 'HS256', kid: 'key-1' }));
      expect(await outcomeOf(verifier.verify(typed))).toBe('invalid_token/algorithm');
    }
  });

  test.each(['ES384', 'RS256', 'PS256', 'EdDSA'])('an ES256 key makes no %s signature', async (alg) => {
    const open = issuer.verifier({ algorithms: ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'] });
    expect(await outcomeOf(open.verify(issuer.token({}, { alg })))).toBe('invalid_token/unknown_key');
  });

  test('an algorithm outside the list is refused though the key is good', async () => {
    const narrow = issuer.verifier({ algorithms: ['RS256'] });
    expect(await outcomeOf(narrow.verify(issuer.token()))).toBe('invalid_token/algorithm');
  });

  test('keys that a token brings along are not looked at, and addresses not called', async () => {
    await using listener = await listenForCalls();
    const evil = makeSigner('key-1');
    const { url } = listener;
    for (const header of [{ jwk: evil.jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }]) {
      expect(await outcomeOf(verifier.verify(issuer.token({}, header, evil)))).toBe(
        'invalid_token/signature',
      );
    }
    expect(listener.connections).toBe(0);
    // The same headers do no harm where the signature is the issuer's.
    expect(await outcomeOf(verifier.verify(issuer.token({}, { jku: url })))).toBe('valid');
  });

  test.each([
    '../../dev/null',
    "' OR 1=1--",
    'x'.repeat(10_000),
    'a\0b',
    '',
    7,
    {},
    '__proto__',
    'constructor',
  ])('kid %s is only a name', async (kid) => {
    expect(await outcomeOf(verifier.verify(issuer.token({}, { kid })))).toBe('invalid_token/unknown_key');
  });

  test('extensions that must be understood are refused', async () => {
    for (const header of [
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: false },
      { b64: true },
      { crit: [] },
    ]) {
      expect(await outcomeOf(verifier.verify(issuer.token({}, header)))).toBe('invalid_token/malformed');
    }
  });

  test('only the compact serialization is read', async () => {
    const [head, payload, signature] = issuer.token().split('.');
    const flattened = JSON.stringify({ protected: head, payload, signature });
    const tokens = [
      flattened,
      `${head}.${payload}`,
      `${head}.${payload}.${signature}.`,
      `${head}.${payload}.${signature}\n`,
      ` ${head}.${payload}.${signature}`,
      `${head}=.${payload}.${signature}`,
      `${head}.${payload}.${signature}=`,
      `${head}..${signature}`,
      'a.b.c',
      '..',
      '',
      `${encode('[]')}.${payload}.${signature}`,
      `${encode(Buffer.from([0xff, 0xfe]))}.${payload}.${signature}`,
      'x.'.repeat(20_000),
    ];
    for (const token of tokens)
      expect(await outcomeOf(verifier.verify(token)), token.slice(0, 60)).toBe('invalid_token/malformed');
  });

  test('an encrypted token is no signed one, and is refused without work', async () => {
    const head = encode({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1e9, zip: 'DEF', typ: 'at+jwt' });
    const begun = performance.now();
    expect(await outcomeOf(verifier.verify(`${head}.AAAA.AAAA.AAAA.AAAA`))).toBe('invalid_token/malformed');
    expect(performance.now() - begun).toBeLessThan(200);
  });

  test('a changed payload or signature is refused, also after the good token was seen', async () => {
    const token = issuer.token();
    await verifier.verify(token);
    const [head, , signature] = token.split('.');
    const other = `${head}.${encode(issuer.claims({ sub: 'root' }))}.${signature}`;
    expect(await outcomeOf(verifier.verify(other))).toBe('invalid_token/signature');
    const short = `${token.slice(0, -4)}AAAA`;
    expect(await outcomeOf(verifier.verify(short))).toBe('invalid_token/signature');
  });

  test('a token has one spelling', async () => {
    const verifier = issuer.verifier({ status: 'none' });
    const token = issuer.token();
    expect(await outcomeOf(verifier.verify(token))).toBe('valid');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const end = alphabet.indexOf(token.at(-1) ?? '');
    for (let unused = 1; unused < 16; unused += 1) {
      const respelt = token.slice(0, -1) + (alphabet[end + unused] ?? '');
      expect(await outcomeOf(verifier.verify(respelt))).toBe('invalid_token/malformed');
    }
  });

  test('of a claim that is written twice the last counts', async () => {
    const text = JSON.stringify(issuer.claims());
    const doubled = text.replace('"sub":', '"sub":"first","sub":');
    const token = issuer.signer.sign({ typ: 'at+jwt', alg: 'ES256', kid: 'key-1' }, doubled);
    expect((await verifier.verify(token)).subject).toBe('client-1');
  });

  test('a token of another kind is no access token, though the issuer signed it', async () => {
    const kinds = {
      'ID token': { typ: 'JWT' },
      'ID token without type': { typ: undefined },
      'logout token': { typ: 'logout+jwt' },
      'status list': { typ: 'statuslist+jwt' },
      'DPoP proof': { typ: 'dpop+jwt', jwk: issuer.signer.jwk },
      'client assertion': { typ: 'client-authentication+jwt' },
      'request object': { typ: 'oauth-authz-req+jwt' },
      'introspection answer': { typ: 'token-introspection+jwt' },
    };
    for (const [kind, header] of Object.entries(kinds)) {
      expect(await outcomeOf(verifier.verify(issuer.token({}, header))), kind).toBe('invalid_token/type');
    }
  });

  test('each algorithm verifies with a key of its kind', async () => {
    await using other = await startScriptedIssuer();
    for (const [alg, kid] of [
      ['RS256', 'r'],
      ['PS256', 'p'],
      ['EdDSA', 'e'],
      ['Ed25519', 'f'],
    ] as const) {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      other.jwks.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
      const token = await new SignJWT(other.claims())
        .setProtectedHeader({ typ: 'at+jwt', alg, kid })
        .sign(privateKey);
      expect(await outcomeOf(other.verifier().verify(token)), alg).toBe('valid');
    }
  });

  test('a key that is meant for encryption verifies nothing', async () => {
    await using other = await startScriptedIssuer();
    other.jwks = [{ ...other.signer.jwk, use: 'enc' }];
    expect(await outcomeOf(other.verifier().verify(other.token()))).toBe('invalid_token/unknown_key');
  });
});

describe('what a route asks for', () => {
  test('scopes: all of them, or any of them', async () => {
    const token = issuer.token({ scope: 'a b' });
    expect(await outcomeOf(verifier.verify(token, undefined, { scopes: ['a', 'b'] }))).toBe('valid');
    expect(await outcomeOf(verifier.verify(token, undefined, { anyScope: ['x', 'b'] }))).toBe('valid');
    const refusal = await refusalOf(
      verifier.verify(token, undefined, { scopes: ['a', 'c'], anyScope: ['x', 'y'] }),
    );
    expect(refusal).toMatchObject({ code: 'insufficient_scope', status: 403 });
    expect(refusal.headers['WWW-Authenticate']).toContain('scope="a c x"');
    expect(
      await outcomeOf(verifier.verify(issuer.token({ scope: 'ab' }), undefined, { scopes: ['a'] })),
    ).toBe('insufficient_scope');
  });

  test('RFC 9470: a stronger or more recent authentication', async () => {
    const token = issuer.token({ acr: 'pwd', auth_time: nowSeconds() - 100 });
    expect(await outcomeOf(verifier.verify(token, undefined, { acrValues: ['pwd'], maxAge: 200 }))).toBe(
      'valid',
    );
    const weak = await refusalOf(verifier.verify(token, undefined, { acrValues: ['mfa', 'hwk'] }));
    expect(weak).toMatchObject({ code: 'insufficient_user_authentication', status: 401 });
    expect(weak.headers['WWW-Authenticate']).toContain('acr_values="mfa hwk"');
    const old = await refusalOf(verifier.verify(token, undefined, { maxAge: 60 }));
    expect(old.headers['WWW-Authenticate']).toContain('max_age="60"');
    const silent = issuer.token();
    expect(await outcomeOf(verifier.verify(silent, undefined, { maxAge: 60 }))).toBe(
      'insufficient_user_authentication',
    );
  });
});

describe('sender constraint', () => {
  const certificate = (): string => 'AAAA';

  test('a token bound to a key is refused without a proof, and as Bearer', async () => {
    const token = issuer.token({ cnf: { jkt: 'x'.repeat(43) } });
    expect(await outcomeOf(verifier.verify(token))).toBe('invalid_token/scheme');
    const refusal = await refusalOf(verifier.authenticate(request(`Bearer ${token}`)));
    expect(refusal).toMatchObject({ code: 'invalid_token', reason: 'scheme', status: 401 });
    expect(refusal.headers['WWW-Authenticate']).toMatch(/^DPoP error="invalid_token".* algs="ES256 /);
    expect((await refusalOf(verifier.authenticate(request(`DPoP ${token}`)))).code).toBe(
      'invalid_dpop_proof',
    );
  });

  test('a token bound to no key is refused with the scheme DPoP, and where DPoP is required', async () => {
    const token = issuer.token();
    expect(await outcomeOf(verifier.authenticate(request(`DPoP ${token}`)))).toBe('invalid_token/not_bound');
    const strict = issuer.verifier({ dpop: { required: true } });
    expect(await outcomeOf(strict.authenticate(request(`Bearer ${token}`)))).toBe('invalid_token/not_bound');
  });

  test('a token bound to a certificate needs that certificate', async () => {
    const token = issuer.token({ cnf: { 'x5t#S256': createHash('sha256').update('x').digest('base64url') } });
    expect(await outcomeOf(verifier.verify(token))).toBe('invalid_token/wrong_certificate');
    const wrong = request(`Bearer ${token}`, { certificate: certificate() });
    expect(await outcomeOf(verifier.authenticate(wrong))).toBe('invalid_token/wrong_certificate');
  });
});

describe('challenges', () => {
  const resourceMetadata = 'https://api.example/.well-known/oauth-protected-resource';
  const challengeOf = async (options: Partial<VerifierOptions>, authorization?: string | string[]) => {
    const error = await refusalOf(issuer.verifier(options).authenticate(request(authorization)));
    return { status: error.status, code: error.code, challenge: error.headers['WWW-Authenticate'] };
  };

  test('a request without token is told how to authenticate and no error (RFC 6750 §3.1, RFC 9728 §5.1)', async () => {
    for (const authorization of [undefined, 'Basic abc', []]) {
      expect(await challengeOf({ resourceMetadata }, authorization)).toEqual({
        status: 401,
        code: 'missing_token',
        challenge: `Bearer resource_metadata="${resourceMetadata}"`,
      });
    }
    const { challenge } = await challengeOf({ dpop: {} });
    expect(challenge).toEqual(['Bearer', expect.stringMatching(/^DPoP algs="[^"]+"$/)]);
    const required = await challengeOf({ dpop: { required: true } });
    expect(required.challenge).toMatch(/^DPoP algs="[^"]+"$/);
  });

  test.each([
    ['Bearer', 400, 'invalid_request'],
    ['Bearer ', 400, 'invalid_request'],
    ['Bearer a b', 400, 'invalid_request'],
    ['Bearer a,b', 400, 'invalid_request'],
    ['Bearer "a"', 400, 'invalid_request'],
    ['bearer a.b.c', 401, 'invalid_token'],
  ])('%j is answered with %i %s', async (authorization, status, code) => {
    expect(await challengeOf({}, authorization)).toMatchObject({ status, code });
  });

  test('two Authorization headers are refused', async () => {
    const token = issuer.token();
    expect(await challengeOf({}, [`Bearer ${token}`, `Bearer ${token}`])).toMatchObject({ status: 400 });
  });

  test('nothing that a token or a route says can end a quoted string', async () => {
    const refusal = await refusalOf(
      verifier.verify(issuer.token(), undefined, { scopes: ['a", evil="1\r\nX-Evil: 1', 'ü\\'] }),
    );
    expect(refusal.headers['WWW-Authenticate']).toBe(
      `Bearer error="insufficient_scope", error_description="The token was not issued for this.", scope="a', evil='1''X-Evil: 1 ''"`,
    );
  });
});

describe('options', () => {
  const good = { issuer: 'https://issuer.example', audience: 'a', status: 'none' as const };
  const credentials = { clientId: 'a', clientSecret: 'b' };
  test.each<[string, Record<string, unknown>]>([
    ['issuer must be a URL', { issuer: 'issuer.example' }],
    ['issuer must start with https', { issuer: 'http://issuer.example' }],
    ['issuer must have no', { issuer: 'https://issuer.example?x=1' }],
    ['issuer must have no', { issuer: 'https://user:pw@issuer.example' }],
    ['issuer must be written as', { issuer: 'https://ISSUER.example' }],
    ['audience must', { audience: undefined }],
    ['audience must', { audience: [] }],
    ['audience must', { audience: [''] }],
    ['algorithms must', { algorithms: ['HS256'] }],
    ['algorithms must', { algorithms: ['none'] }],
    ['algorithms must', { algorithms: [] }],
    ['clockSkewSeconds must', { clockSkewSeconds: 61 }],
    ['clockSkewSeconds must', { clockSkewSeconds: -1 }],
    ['clockSkewSeconds must', { clockSkewSeconds: Number.NaN }],
    ['needs allowUntilSeconds', { onStatusUnavailable: 'allow-until' }],
    ['needs allowUntilSeconds', { onStatusUnavailable: 'allow-until', allowUntilSeconds: 86_401 }],
    ['means nothing', { allowUntilSeconds: 60 }],
    ['must be "deny"', { onStatusUnavailable: 'allow' }],
    ['needs credentials', { status: 'stream' }],
    ['needs credentials', { introspection: true }],
    ['status must be', { status: 'sometimes' }],
    ['credentials must have', { credentials: { ...credentials, clientSecret: '' } }],
    ['resourceMetadata must', { resourceMetadata: '/here' }],
  ])('%s …', (message, change) => {
    expect(() => createVerifier({ ...good, ...change })).toThrow(message);
  });

  test('an issuer without TLS that is not this machine is taken only where that is said', () => {
    const plain = { ...good, issuer: 'http://guichet:3000' };
    expect(() => createVerifier(plain)).toThrow('allowInsecureIssuer');
    createVerifier({ ...plain, allowInsecureIssuer: true }).close();
    expect(() => createVerifier({ ...plain, issuer: 'ftp://guichet', allowInsecureIssuer: true })).toThrow(
      'issuer must',
    );
  });
});
