import { createHash, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';

import { calculateJwkThumbprint, SignJWT, type JWK } from 'jose';
import { describe, expect, test } from 'vitest';

import { createDpopCheck } from '../../src/resource-server/dpop.ts';
import { createMemoryReplayStore } from '../../src/resource-server/replay-store.ts';
import { TokenError } from '../../src/resource-server/token-error.ts';
import type { DpopOptions, ResourceRequest } from '../../src/resource-server/verifier.ts';
import { confusedTokens, encode } from '../standards/forge.ts';
import { hashOf, jkt, NOW, owner, prove, publicKeyOf, requestWith, SECONDS, thief, TOKEN } from './proofs.ts';

/** A check whose clock the test turns. */
function makeCheck(options?: DpopOptions) {
  const clock = { now: NOW };
  const check = createDpopCheck(options, () => clock.now);
  return {
    clock,
    nonce: () => check.nonce(),
    accept: (proof: ResourceRequest['dpop'], request?: Partial<ResourceRequest>) =>
      check.check(requestWith(proof, request), TOKEN, jkt),
    refuse: async (proof: ResourceRequest['dpop'], label?: unknown, request?: Partial<ResourceRequest>) => {
      const error: unknown = await check.check(requestWith(proof, request), TOKEN, jkt).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, JSON.stringify(label)).toBeInstanceOf(TokenError);
      return error as TokenError;
    },
  };
}

/** Counts what is claimed, so that it shows when a refused proof left a trace. */
function makeCountingStore() {
  const claims: [string, number][] = [];
  return { claims, claim: (key: string, expiresAt: number) => claims.push([key, expiresAt]) > 0 };
}

const check = makeCheck();

test('DP-01 the proof that all the others are made from is good', async () => {
  await check.accept(prove());
  await check.accept([prove()]);
});

test('DP-01 there is exactly one proof', async () => {
  for (const dpop of [undefined, [], '', [prove(), prove()], `${prove()}, ${prove()}`, `${prove()},`]) {
    const error = await check.refuse(dpop, dpop);
    expect([error.status, error.code]).toEqual([401, 'invalid_dpop_proof']);
    expect(error.headers['WWW-Authenticate']).toMatch(/^DPoP error="invalid_dpop_proof", .*algs="ES256 /);
  }
});

describe('DP-02 the proof is a signature by the public key it shows', () => {
  const expectRefused = async (proof: string, label?: unknown) => {
    expect((await check.refuse(proof, label)).code).toBe('invalid_dpop_proof');
  };

  test('DP-02 of the right type', async () => {
    for (const typ of [undefined, 'JWT', 'at+jwt', 'dpop', 'jwt+dpop', '', 1, ['dpop+jwt']]) {
      await expectRefused(prove({ header: { typ } }), typ);
    }
  });

  test('DP-02 with an asymmetric algorithm', async () => {
    for (const alg of [
      'none',
      'nOnE',
      'HS256',
      '',
      'ES512',
      'RS512',
      'dir',
      '__proto__',
      undefined,
      1,
      null,
    ]) {
      await expectRefused(prove({ header: { alg } }), alg);
    }
    const [header = '', payload = ''] = prove({ header: { alg: 'none' } }).split('.');
    await expectRefused(`${header}.${payload}.`);
    for (const confused of confusedTokens(publicKeyOf(owner), {})) {
      const [, , signature = ''] = confused.split('.');
      const [head = '', body = ''] = prove({ header: { alg: 'HS256' } }).split('.');
      await expectRefused(`${head}.${body}.${signature}`);
    }
  });

  /** A proof that is good but for its key, and what a token bound to that key would say. */
  async function proveBy(alg: string, { publicKey, privateKey }: KeyPairKeyObjectResult, shown: JWK = {}) {
    const jwk = { ...(publicKey.export({ format: 'jwk' }) as JWK), ...shown };
    const proof = await new SignJWT({ htm: 'GET', htu: requestWith('').url, jti: alg, ath: hashOf(TOKEN) })
      .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk })
      .setIssuedAt(SECONDS)
      .sign(privateKey);
    return { proof, bound: await calculateJwkThumbprint(jwk) };
  }

  test('DP-02 of any algorithm that is offered', async () => {
    const pairs = {
      ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
      PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
      RS256: generateKeyPairSync('rsa', { modulusLength: 4096 }),
      EdDSA: generateKeyPairSync('ed25519'),
      Ed25519: generateKeyPairSync('ed25519'),
    };
    for (const [alg, pair] of Object.entries(pairs)) {
      const { proof, bound } = await proveBy(alg, pair, { kid: 'one', use: 'sig', key_ops: ['verify'] });
      const dpop = createDpopCheck(undefined, () => NOW);
      await dpop.check(requestWith(proof), TOKEN, bound);
      await expect(dpop.check(requestWith(proof), TOKEN, jkt)).rejects.toThrow(TokenError);
    }
  });

  test('DP-02 and of no other, and by no key that is too large, however good the signature', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const proofs = [
      await proveBy('RS512', rsa),
      await proveBy('PS384', rsa),
      await proveBy('ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' })),
      // 65537 after so many zeros that a real exponent of that length would be slow.
      await proveBy('RS256', rsa, { e: Buffer.from('0000000000010001', 'hex').toString('base64url') }),
      await proveBy('RS256', generateKeyPairSync('rsa', { modulusLength: 4112 })),
    ];
    for (const { proof, bound } of proofs) {
      const dpop = createDpopCheck(undefined, () => NOW);
      await expect(dpop.check(requestWith(proof), TOKEN, bound)).rejects.toMatchObject({
        code: 'invalid_dpop_proof',
      });
    }
  });

  test('DP-02 with a public key and nothing but', async () => {
    const { kty, crv, x, y } = owner.jwk;
    const keys = [
      owner.privateJwk,
      ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((name) =>
        Object.assign(publicKeyOf(owner), { [name]: '' }),
      ),
      { kty: 'oct', k: 'AAAA' },
      { kty, crv, x, y: x },
      { kty, crv: 'P-384', x, y },
      { kty, crv: 'P-256', x },
      { kty: 'OKP', crv: 'Ed25519', x },
      { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
      { kty: '__proto__', crv, x, y },
      publicKeyOf(thief),
      {},
      null,
      'key',
      [publicKeyOf(owner)],
      undefined,
    ];
    for (const jwk of keys) await expectRefused(prove({ header: { jwk } }), jwk);
    const urls = { jwk: undefined, jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/', kid: 'key-1' };
    await expectRefused(prove({ header: urls }));
    await expectRefused(prove({ header: { crit: ['b64'], b64: false } }));
    await expectRefused(prove({ header: { crit: ['x'], x: 1 } }));
  });

  test('DP-02 without a large key costing much', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const large = Buffer.alloc(1000, 0xff).toString('base64url');
    const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const keys = [
      small.publicKey.export({ format: 'jwk' }),
      { kty: 'RSA', n: large, e: large },
      { kty: 'RSA', n: large, e: 'AQAB' },
      { kty: 'RSA', n, e: n },
    ];
    for (const jwk of keys) {
      const started = performance.now();
      await expectRefused(prove({ header: { alg: 'RS256', jwk } }), jwk);
      expect(performance.now() - started).toBeLessThan(100);
    }
  });

  test('DP-02 as a compact JWS of a sensible size', async () => {
    const [header = '', payload = '', signature = ''] = prove().split('.');
    const json = JSON.stringify({ protected: header, payload, signature });
    const forms = [
      'a.b.c',
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
      ` ${prove()}`,
      json,
    ];
    for (const form of [...forms, `${prove()}=`, 'a'.repeat(8_193), `${encode({})}..`]) {
      await expectRefused(form, form);
    }
    await expectRefused(prove({ claims: { more: 'a'.repeat(8_000) } }));
    for (const body of ['null', '[]', '', '{', '\0', Buffer.from([0xff, 0xfe])]) {
      await expectRefused(owner.sign({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicKeyOf(owner) }, body), body);
    }
  });

  test('DP-02 not by another key than the one the token is bound to', async () => {
    const error = await check.refuse(prove({ by: thief }));
    expect([error.code, error.reason, error.status]).toEqual(['invalid_token', 'wrong_key', 401]);
    expect(error.headers['WWW-Authenticate']).toMatch(/^DPoP error="invalid_token"/);
  });

  test('DP-02 and no other token, validly signed by the same key, is one', async () => {
    for (const typ of ['at+jwt', 'JWT', 'logout+jwt', 'secevent+jwt'])
      await expectRefused(prove({ header: { typ } }));
  });
});

describe('DP-03 the proof is for this method and this address', () => {
  test('DP-03 for the method, in its spelling', async () => {
    for (const htm of ['POST', 'get', 'GET ', '', undefined, 1, ['GET']]) {
      expect((await check.refuse(prove({ claims: { htm } }), htm)).code).toBe('invalid_dpop_proof');
    }
  });

  test('DP-03 for the address, whichever way it is spelled', async () => {
    const same = [
      ['https://api.example/orders/1?a=b', undefined],
      ['https://api.example/orders/1#x', undefined],
      ['HTTPS://API.Example:443/orders/1', undefined],
      ['https://api.example/a/../orders/./1', undefined],
      ['https://api.example/%6frders/1', undefined],
      ['https://api.example/orders/1', 'https://api.example/orders/1?a=b&c'],
      ['https://api.example', 'https://api.example/'],
      ['https://api.example/a%2fb', 'https://api.example/a%2Fb'],
      ['https://api.example/a~b', 'https://api.example/a%7Eb'],
      ['http://[::1]:80/', 'http://[::1]/'],
      ['https://api.example/%C3%A9', 'https://api.example/%c3%a9'],
    ];
    for (const [htu, url] of same)
      await check.accept(prove({ claims: { htu } }), url === undefined ? {} : { url });
  });

  test('DP-03 and for no other', async () => {
    const others = [
      'https://api.example/orders/1/',
      'https://api.example/orders/2',
      'https://api.example/Orders/1',
      'https://api.example/orders%2F1',
      'https://api.example//orders/1',
      'http://api.example/orders/1',
      'https://api.example:8443/orders/1',
      'https://api.example./orders/1',
      'https://evil.example/orders/1',
      'https://user:pw@api.example/orders/1',
      'https://api.example@evil.example/orders/1',
      'https:\\\\api.example/orders/1',
      ' https://api.example/orders/1',
      'https://api.example/ord\ners/1',
      'ftp://api.example/orders/1',
      `https://api.example/orders/1?${'a'.repeat(8_192)}`,
      '/orders/1',
      '',
      undefined,
      1,
      ['https://api.example/orders/1'],
      {},
    ];
    for (const htu of others) await check.refuse(prove({ claims: { htu } }), htu);
    for (const url of ['', '/orders/1', 'http://', 'http:///orders/1', 'https://a b/orders/1']) {
      await check.refuse(prove({ claims: { htu: url } }), url, { url });
    }
  });
});

describe('DP-04 the proof is of now', () => {
  test('DP-04 within a minute either way', async () => {
    for (const shift of [-60, -10, 0, 10, 60, 0.5]) {
      await check.accept(prove({ claims: { iat: SECONDS + shift } }));
    }
    for (const shift of [-3600, -301, -61, 61, 301, 3600, 1e12]) {
      const error = await check.refuse(prove({ claims: { iat: SECONDS + shift } }), shift);
      expect(error.reason).toBe(shift < 0 ? 'expired' : 'not_yet_valid');
    }
    for (const iat of [undefined, '', String(SECONDS), {}, null, NOW, 0, -1, Number.MAX_VALUE]) {
      await check.refuse(prove({ claims: { iat } }), iat);
    }
    const [, payload = ''] = prove().split('.');
    const endless = Buffer.from(payload, 'base64url').toString().replace(String(SECONDS), '1e400');
    await check.refuse(owner.sign({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicKeyOf(owner) }, endless));
  });

  test('DP-04 for as long as the API wants', async () => {
    const strict = makeCheck({ maxAgeSeconds: 10 });
    await strict.accept(prove({ claims: { iat: SECONDS - 10 } }));
    await strict.refuse(prove({ claims: { iat: SECONDS - 11 } }));
    for (const maxAgeSeconds of [0, -1, 301, Number.NaN]) {
      expect(() => makeCheck({ maxAgeSeconds })).toThrow(TypeError);
    }
  });

  test('DP-04 and not after an expiry of its own', async () => {
    await check.accept(prove({ claims: { exp: SECONDS + 60, nbf: SECONDS - 60 } }));
    await check.refuse(prove({ claims: { exp: SECONDS - 61 } }));
    await check.refuse(prove({ claims: { nbf: SECONDS + 61 } }));
    await check.refuse(prove({ claims: { exp: 'soon' } }));
  });
});

describe('DP-05 a proof is used once', () => {
  test('DP-05 in turn, and by sixteen at once', async () => {
    const proof = prove();
    await check.accept(proof);
    const error = await check.refuse(proof);
    expect([error.code, error.reason, error.status]).toEqual(['invalid_dpop_proof', 'replayed', 401]);

    const next = prove();
    const answers = await Promise.allSettled(Array.from({ length: 16 }, () => check.accept(next)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('DP-05 whatever else is signed with its id', async () => {
    const jti = 'the same';
    await check.accept(prove({ claims: { jti } }));
    expect((await check.refuse(prove({ claims: { jti, iat: SECONDS + 1 } }))).reason).toBe('replayed');
    expect((await check.refuse(prove({ claims: { jti, htm: 'PUT' } }), '', { method: 'PUT' })).reason).toBe(
      'replayed',
    );
  });

  test('DP-05 for as long as its date would be accepted, by a clock that is behind as well', async () => {
    const { accept, refuse, clock } = makeCheck();
    const early = prove({ claims: { iat: SECONDS + 60 } });
    await accept(early);
    for (const later of [0, 60, 110, 119.999, 120]) {
      clock.now = NOW + later * 1000;
      expect((await refuse(early, later)).reason).toBe('replayed');
    }
    clock.now = NOW + 120_001;
    expect((await refuse(early)).reason).toBe('expired');

    const store = makeCountingStore();
    await makeCheck({ replayStore: store }).accept(early);
    expect(store.claims).toEqual([[expect.stringMatching(/^[\w-]{43}$/), NOW + 130_000]]);
  });

  test('DP-05 with an id of a sensible size', async () => {
    for (const jti of [undefined, '', 1, {}, null, 'a'.repeat(257)])
      await check.refuse(prove({ claims: { jti } }), jti);
    for (const jti of ['a'.repeat(256), '\u0000', '__proto__', 'é😀'])
      await check.accept(prove({ claims: { jti } }));
  });

  test('DP-05 a refused proof leaves no trace', async () => {
    const store = makeCountingStore();
    const { refuse, accept } = makeCheck({ replayStore: store, nonceSecret: new Uint8Array(32) });
    const wrong = [{ htm: 'PUT' }, { htu: '' }, { iat: 0 }, { ath: '' }, { nonce: 'x' }, { jti: '' }];
    for (const claims of wrong) await refuse(prove({ claims }));
    await refuse(prove({ by: thief }));
    expect(store.claims).toEqual([]);
    await expect(accept(prove())).rejects.toThrow(TokenError);
    expect(store.claims).toEqual([]);
  });

  test('DP-05 when the store cannot say, the request is refused and may be tried again', async () => {
    const stores = [
      () => Promise.reject(new Error('down: password hunter2')),
      () => {
        throw new Error('down');
      },
      () => new Promise<boolean>(() => {}),
    ];
    for (const claim of stores) {
      const error = await makeCheck({ replayStore: { claim } }).refuse(prove());
      expect([error.status, error.code, error.headers]).toEqual([
        503,
        'status_unavailable',
        { 'Retry-After': '1' },
      ]);
      expect(JSON.stringify(error)).not.toContain('hunter2');
    }
  });

  test('DP-05 a store says true, or it says no', async () => {
    for (const answer of [false, undefined, 1, 'OK', {}]) {
      const claim = () => Promise.resolve(answer as boolean);
      expect((await makeCheck({ replayStore: { claim } }).refuse(prove())).reason).toBe('replayed');
    }
  });
});

test('DP-06 the proof names the access token', async () => {
  const hex = createHash('sha256').update(TOKEN).digest('hex');
  for (const ath of [undefined, '', hashOf('other'), hashOf(''), hex, `${hashOf(TOKEN)}=`, TOKEN, {}, 1]) {
    const error = await check.refuse(prove({ claims: { ath } }), ath);
    expect([error.code, error.status]).toEqual(['invalid_dpop_proof', 401]);
  }
});

describe('DP-10 nonces', () => {
  const secret = Buffer.alloc(32, 7);

  test('DP-10 a proof without the nonce is told which to use', async () => {
    const { refuse, accept, nonce } = makeCheck({ nonceSecret: secret });
    for (const wrong of [undefined, '', 'invented', 'é', '__proto__', 1, {}, [await nonce()]]) {
      const error = await refuse(prove({ claims: { nonce: wrong } }), wrong);
      expect([error.code, error.status]).toEqual(['use_dpop_nonce', 401]);
      expect(error.headers['WWW-Authenticate']).toMatch(/^DPoP error="use_dpop_nonce"/);
      expect(error.headers['DPoP-Nonce']).toBe(await nonce());
    }
    await accept(prove({ claims: { nonce: await nonce() } }));
  });

  test('DP-10 a nonce is good at every process with the secret, for five minutes at least and ten at most', async () => {
    const nonce = await makeCheck({ nonceSecret: secret }).nonce();
    const other = makeCheck({ nonceSecret: new Uint8Array(secret) });
    for (const seconds of [-10, 0, 299, 300]) {
      other.clock.now = NOW + seconds * 1000;
      await other.accept(prove({ claims: { nonce, iat: SECONDS + seconds } }));
    }
    other.clock.now = NOW + 600_000;
    expect((await other.refuse(prove({ claims: { nonce, iat: SECONDS + 600 } }))).code).toBe(
      'use_dpop_nonce',
    );
    const stranger = makeCheck({ nonceSecret: Buffer.alloc(32, 8) });
    expect((await stranger.refuse(prove({ claims: { nonce } }))).code).toBe('use_dpop_nonce');
  });

  test('DP-10 a nonce makes no old proof young', async () => {
    const { refuse, nonce } = makeCheck({ nonceSecret: secret });
    const error = await refuse(prove({ claims: { nonce: await nonce(), iat: SECONDS - 100 } }));
    expect([error.code, error.reason]).toEqual(['invalid_dpop_proof', 'expired']);
  });

  test('DP-10 a nonce of somebody else means nothing where none are asked for', async () => {
    expect(await check.nonce()).toBeUndefined();
    await check.accept(prove({ claims: { nonce: 'of the authorization server' } }));
  });

  test('DP-10 a short secret is refused', () => {
    expect(() => makeCheck({ nonceSecret: new Uint8Array(31) })).toThrow(TypeError);
  });
});

describe('DP-05 the memory of one process', () => {
  test('DP-05 forgets what has expired, and nothing before', () => {
    const clock = { now: NOW };
    const store = createMemoryReplayStore({ now: () => clock.now });
    for (let index = 0; index < 1000; index += 1) store.claim(String(index), NOW + 60_000 + index);
    clock.now = NOW + 59_999;
    expect(store.claim('0', NOW + 70_000)).toBe(false);
    clock.now = NOW + 60_000;
    expect(store.claim('0', NOW + 120_000)).toBe(true);
    clock.now = NOW + 70_000;
    expect(store.claim('new', NOW + 80_000)).toBe(true);
    expect(store.size()).toBe(2);
    expect(store.claim('0', NOW + 120_000)).toBe(false);
    clock.now = NOW + 500_000;
    store.claim('last', NOW + 500_001);
    expect(store.size()).toBe(1);
  });

  test('DP-05 refuses when it is full, until something expires', async () => {
    const clock = { now: NOW };
    const store = createMemoryReplayStore({ now: () => clock.now, entriesMax: 2 });
    const dpop = createDpopCheck({ replayStore: store }, () => clock.now);
    const [first, second] = [prove(), prove()];
    await dpop.check(requestWith(first), TOKEN, jkt);
    await dpop.check(requestWith(second), TOKEN, jkt);
    await expect(dpop.check(requestWith(prove()), TOKEN, jkt)).rejects.toMatchObject({ status: 503 });
    await expect(dpop.check(requestWith(first), TOKEN, jkt)).rejects.toMatchObject({ reason: 'replayed' });
    clock.now = NOW + 75_000;
    await dpop.check(requestWith(prove({ claims: { iat: SECONDS + 75 } })), TOKEN, jkt);
    expect(store.size()).toBe(1);
  });
});
