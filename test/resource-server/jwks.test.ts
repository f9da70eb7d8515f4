import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { makeSigner } from '../standards/forge.ts';
import { json, startScriptedIssuer, until, type ScriptedIssuer } from '../support/scripted-issuer.ts';
import { outcomeOf, refusalOf } from './refusals.ts';

let issuer: ScriptedIssuer;
beforeEach(async () => {
  issuer = await startScriptedIssuer();
});
afterEach(() => issuer[Symbol.asyncDispose]());

const METADATA = '/.well-known/oauth-authorization-server';

test('a hundred first tokens at once cost one document, one key set and one status list', async () => {
  const verifier = issuer.verifier();
  const status = (idx: number) => ({ status: { status_list: { idx, uri: issuer.listUri('a') } } });
  await Promise.all(Array.from({ length: 100 }, (_, idx) => verifier.verify(issuer.token(status(idx)))));
  expect([METADATA, '/jwks', '/status-lists/a'].map((path) => issuer.count(path))).toEqual([1, 1, 1]);
});

describe('metadata (RFC 8414)', () => {
  test.each<[string, Record<string, unknown>]>([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['with a slash more', { issuer: 'slash' }],
    ['without keys', { jwks_uri: undefined }],
    ['with keys elsewhere', { jwks_uri: 'https://evil.example/jwks' }],
  ])('a document %s is not used', async (_, change) => {
    issuer.metadata = change['issuer'] === 'slash' ? { issuer: `${issuer.url}/` } : change;
    expect(await refusalOf(issuer.verifier().verify(issuer.token()))).toMatchObject({
      code: 'keys_unavailable',
      status: 503,
    });
    expect(issuer.count('/jwks')).toBe(0);
  });

  test('OpenID Connect Discovery is taken where RFC 8414 is not served', async () => {
    issuer.faults.set(METADATA, (_, res) => void res.writeHead(404).end());
    expect(await outcomeOf(issuer.verifier().verify(issuer.token()))).toBe('valid');
  });
});

describe('an issuer that misbehaves', () => {
  test.each<[string, string]>([
    ['a redirect', METADATA],
    ['a redirect', '/jwks'],
  ])('%s of %s is not followed', async (_, path) => {
    issuer.faults.set(
      path,
      (_, res) => void res.writeHead(302, { Location: `${issuer.url}/elsewhere` }).end(),
    );
    expect(await outcomeOf(issuer.verifier().verify(issuer.token()))).toBe('keys_unavailable');
    expect(issuer.count('/elsewhere')).toBe(0);
  });

  test('a document without end is cut off', async () => {
    issuer.faults.set('/jwks', (_, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json' });
      const more = setInterval(() => res.write('x'.repeat(65_536)), 1);
      res.on('close', () => clearInterval(more));
    });
    expect(await outcomeOf(issuer.verifier().verify(issuer.token()))).toBe('keys_unavailable');
  });

  test('keys that cannot be used are skipped', async () => {
    issuer.jwks.unshift({ kty: 'EC' }, { kty: 'oct', k: 'AAAA', kid: 'key-1' }, { kid: 1 }, null as never);
    expect(await outcomeOf(issuer.verifier().verify(issuer.token()))).toBe('valid');
  });

  test('an outage is over as soon as it is over', async () => {
    const verifier = issuer.verifier();
    issuer.faults.set('/jwks', (_, res) => json(res, {}, 500));
    expect(await outcomeOf(verifier.verify(issuer.token()))).toBe('keys_unavailable');
    issuer.faults.clear();
    await until(async () => (await outcomeOf(verifier.verify(issuer.token()))) === 'valid');
  });
});

describe('made-up key ids', () => {
  test('a thousand of them cost one fetch, and real tokens go through meanwhile', async () => {
    const verifier = issuer.verifier();
    await verifier.verify(issuer.token());
    const forger = makeSigner('x');
    const forged = Array.from({ length: 1000 }, (_, n) => issuer.token({}, { kid: `made-up-${n}` }, forger));
    const outcomes = await Promise.all(forged.map((token) => outcomeOf(verifier.verify(token))));
    expect(new Set(outcomes)).toEqual(new Set(['invalid_token/unknown_key']));
    expect(issuer.count('/jwks')).toBe(2);
    expect(await outcomeOf(verifier.verify(issuer.token()))).toBe('valid');
  });

  test('one fetch in five seconds, whatever they are called', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now, clockSkewSeconds: 60 });
    await verifier.verify(issuer.token());
    for (let second = 0; second < 20; second += 1) {
      for (let n = 0; n < 5; n += 1)
        await outcomeOf(verifier.verify(issuer.token({}, { kid: `k${second}-${n}` })));
      now += 1000;
    }
    expect(issuer.count('/jwks')).toBeLessThanOrEqual(1 + 4);
  });
});

test('what a cache on the way has kept for a while is kept for less here', async () => {
  let now = Date.now();
  issuer.faults.set('/jwks', (_req, res) => {
    res
      .setHeader('Cache-Control', 'max-age=300')
      .setHeader('Age', '290')
      .end(JSON.stringify({ keys: issuer.jwks }));
  });
  const verifier = issuer.verifier({ now: () => now });
  const token = issuer.token();
  await verifier.verify(token);
  now += 11_000;
  await verifier.verify(token);
  expect(issuer.count('/jwks')).toBe(2);
});

describe('rotation', () => {
  test('under load no token is refused, whether the key was announced or not', async () => {
    issuer.jwksMaxAge = 1;
    const verifier = issuer.verifier();
    let signer = issuer.signer;
    const failures: string[] = [];
    const loading = { on: true };
    const load = async (): Promise<void> => {
      while (loading.on) {
        const outcome = await outcomeOf(verifier.verify(issuer.token({}, {}, signer)));
        if (outcome !== 'valid') failures.push(outcome);
        await sleep(1);
      }
    };
    const loads = Array.from({ length: 8 }, load);
    await sleep(300);
    // Announced ahead.
    const second = makeSigner('key-2');
    issuer.jwks.push({ ...second.jwk });
    await sleep(1500);
    signer = second;
    await sleep(300);
    issuer.jwks.shift();
    // Not announced.
    const third = makeSigner('key-3');
    issuer.jwks.push({ ...third.jwk });
    signer = third;
    await sleep(500);
    loading.on = false;
    await Promise.all(loads);
    expect(failures).toEqual([]);
  });

  test('a key that left the set takes its tokens along, remembered ones included', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now });
    const token = issuer.token();
    expect(await outcomeOf(verifier.verify(token))).toBe('valid');
    issuer.jwks = [{ ...makeSigner('key-2').jwk }];
    now += 250_000;
    await outcomeOf(verifier.verify(token));
    await until(async () => (await outcomeOf(verifier.verify(token))) === 'invalid_token/unknown_key');
  });

  test('a key that was replaced under its name is not the same key', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now });
    const token = issuer.token();
    await verifier.verify(token);
    issuer.jwks = [{ ...makeSigner('key-1').jwk }];
    now += 250_000;
    await outcomeOf(verifier.verify(token));
    await until(async () => (await outcomeOf(verifier.verify(token))) === 'invalid_token/signature');
  });

  test('keys are fetched ahead of time, behind, and used for a day at most while the issuer is away', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now });
    const token = (): string =>
      issuer.token({ iat: Math.floor(now / 1000), exp: Math.floor(now / 1000) + 60 });
    await verifier.verify(token());
    now += 270_000;
    await verifier.verify(token());
    await until(() => issuer.count('/jwks') === 2);
    issuer.faults.set('/jwks', (_, res) => json(res, {}, 503));
    for (let hour = 1; hour < 23; hour += 4) {
      now += 4 * 3_600_000 - 1000;
      expect(await outcomeOf(verifier.verify(token()))).toBe('valid');
    }
    now += 3_600_000;
    expect(await outcomeOf(verifier.verify(token()))).toBe('keys_unavailable');
  });
});
