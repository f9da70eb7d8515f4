import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inflateSync } from 'node:zlib';

import {
  createRemoteJWKSet,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  calculateJwkThumbprint,
  jwtVerify,
} from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createVerifier, type TokenError, type VerifierEvent } from '../../src/resource-server/index.ts';
import { startTestIssuer, type Forgery, type TestIssuer } from '../../src/testing/start-test-issuer.ts';

const ORDERS = 'https://api.example/orders';
const INVOICES = 'https://api.example/invoices';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startTestIssuer();
});

afterAll(() => issuer.close());

describe('a minted token', () => {
  test('is what RFC 9068 asks for, and verifies through the JWKS', async () => {
    const token = await issuer.mintToken({ audience: ORDERS, scope: 'orders:read orders:write' });
    const { payload } = await verify(token);
    expect(payload).toMatchObject({
      iss: issuer.issuer,
      aud: ORDERS,
      sub: 'test-client',
      client_id: 'test-client',
      scope: 'orders:read orders:write',
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(3600);
    expect(payload.jti).toBeTypeOf('string');
  });

  test('is active at introspection, for the API it is for and for no other', async () => {
    const token = await issuer.mintToken({ audience: ORDERS, scope: ['orders:read'], subject: 'ada' });
    expect(await introspect(ORDERS, token)).toMatchObject({ active: true, sub: 'ada', scope: 'orders:read' });
    expect(await introspect(INVOICES, token)).toEqual({ active: false });
  });

  test('carries the claims, the lifetime, the client and the key that were asked for', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const dpopJwk = await exportJWK(publicKey);
    const token = await issuer.mintToken({
      audience: ORDERS,
      clientId: 'nightly',
      expiresIn: 60,
      dpopJwk,
      claims: { acr: 'urn:example:loa3', auth_time: 1 },
    });
    const { payload } = await verify(token);
    expect(payload).toMatchObject({
      client_id: 'nightly',
      acr: 'urn:example:loa3',
      auth_time: 1,
      cnf: { jkt: await calculateJwkThumbprint(dpopJwk) },
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
  });

  test('cannot be given claims that the ledger would not know', async () => {
    const minting = issuer.mintToken({
      audience: ORDERS,
      claims: { exp: 1, iss: 'https://elsewhere.example' },
    });
    await expect(minting).rejects.toThrow('exp, iss');
  });

  test('is signed as its API wants it', async () => {
    const audience = 'https://api.example/rsa';
    await issuer.createApi({ audience, signingAlg: 'RS256' });
    const { protectedHeader } = await verify(await issuer.mintToken({ audience }), audience);
    expect(protectedHeader.alg).toBe('RS256');
  });

  test('is one of many that are minted at the same moment for what does not exist yet', async () => {
    const audience = 'https://api.example/many';
    const wishes = Array.from({ length: 20 }, () => ({ audience, clientId: 'many', subject: 'grace' }));
    const tokens = await Promise.all(wishes.map((wish) => issuer.mintToken(wish)));
    expect(new Set(tokens.map((token) => decodeJwt(token).jti)).size).toBe(20);
  });
});

describe('revocation', () => {
  test.each([
    ['the token', (token: string) => ({ token })],
    ['its jti', (token: string) => ({ jti: String(decodeJwt(token).jti) })],
    ['its client', () => ({ client: 'revoked-client' })],
    ['its person', () => ({ account: 'revoked-person' })],
    ['its API', () => ({ api: 'https://api.example/revoked' })],
    ['its key', (token: string) => ({ key: kidOf(token) })],
  ])('by %s ends it', async (_name, targetOf) => {
    const audience = 'https://api.example/revoked';
    const wish = { audience, clientId: 'revoked-client', subject: 'revoked-person' };
    const token = await issuer.mintToken(wish);
    expect(await introspect(audience, token)).toMatchObject({ active: true });
    const { tokens } = await issuer.revoke(targetOf(token));
    expect(tokens).toBeGreaterThanOrEqual(1);
    expect(await introspect(audience, token)).toEqual({ active: false });
  });
});

test('a revocation shows in the status list of the token', async () => {
  const token = await issuer.mintToken({ audience: ORDERS });
  const other = await issuer.mintToken({ audience: ORDERS });
  expect(await statusOf(token)).toBe(0);
  await issuer.revoke({ token });
  await expect.poll(() => statusOf(token)).toBe(1);
  expect(await statusOf(other)).toBe(0);
});

describe('what tests ask for', () => {
  test('a client fetches a token at the real endpoint', async () => {
    const { clientId, clientSecret } = await issuer.createClient({
      apis: [{ audience: 'https://api.example/fetched', scopes: ['things:read'] }],
    });
    const { access_token } = await post(
      '/token',
      { clientId, clientSecret },
      {
        grant_type: 'client_credentials',
        resource: 'https://api.example/fetched',
        scope: 'things:read',
      },
    );
    const { payload } = await verify(String(access_token), 'https://api.example/fetched');
    expect(payload['scope']).toBe('things:read');
  });

  test('a user is the subject of tokens', async () => {
    const { id, email } = await issuer.createUser({ email: 'ada@example.org' });
    expect(email).toBe('ada@example.org');
    const token = await issuer.mintToken({ audience: ORDERS, subject: id });
    expect(await introspect(ORDERS, token)).toMatchObject({ active: true, sub: id });
  });
});

describe('the clock', () => {
  test('ends tokens when it moves past their exp', async () => {
    await using own = await startTestIssuer({ now: new Date('2031-05-06T07:20:00Z') });
    const token = await own.mintToken({ audience: ORDERS, expiresIn: 60 });
    expect(decodeJwt(token).iat).toBeCloseTo(Date.parse('2031-05-06T07:20:00Z') / 1000, -2);
    expect(await introspect(ORDERS, token, own)).toMatchObject({ active: true });
    await own.clock.advance(61);
    expect(await introspect(ORDERS, token, own)).toEqual({ active: false });
  });

  test('is that of the endpoints too', async () => {
    await using own = await startTestIssuer({ now: new Date('2031-05-06T07:20:00Z') });
    const client = await own.createClient({ apis: [{ audience: ORDERS, scopes: ['orders:read'] }] });
    const form = { grant_type: 'client_credentials', resource: ORDERS };
    const { access_token, expires_in } = await post('/token', client, form, own);
    const { iat = 0, exp = 0 } = decodeJwt(String(access_token));
    expect(iat).toBeCloseTo(Date.parse('2031-05-06T07:20:00Z') / 1000, -2);
    expect(exp - iat).toBe(expires_in);
    await own.clock.advance(Number(expires_in) + 1);
    expect(await introspect(ORDERS, String(access_token), own)).toEqual({ active: false });
  });

  test('may move by weeks, and tokens of the new time are as good', async () => {
    await using own = await startTestIssuer();
    await own.clock.advance(40 * 86_400);
    const token = await own.mintToken({ audience: ORDERS, expiresIn: 86_400 });
    expect(await introspect(ORDERS, token, own)).toMatchObject({ active: true });
    await own.clock.set(new Date('2030-01-01T00:00:00Z'));
    expect(own.clock.now().getTime()).toBeCloseTo(Date.parse('2030-01-01T00:00:00Z'), -4);
    expect(await introspect(ORDERS, await own.mintToken({ audience: ORDERS }), own)).toMatchObject({
      active: true,
    });
  });

  test('may move, and back, while a verifier follows the stream', async () => {
    await using own = await startTestIssuer();
    const events: VerifierEvent[] = [];
    const options = await own.verifierOptions(ORDERS);
    using verifier = createVerifier({ ...options, onEvent: (event) => events.push(event) });
    await verifier.ready();
    for (const seconds of [0, 3600, -7200, 86_400]) {
      await own.clock.advance(seconds);
      const token = await own.mintToken({ audience: ORDERS });
      expect((await verifier.verify(token)).clientId).toBe('test-client');
      await own.revoke({ token });
      await expect
        .poll(
          () =>
            verifier.verify(token).then(
              () => 'valid',
              ({ reason }: TokenError) => reason,
            ),
          { timeout: 1_000 },
        )
        .toBe('revoked');
    }
    // Each move ends the stream once at most, and it is soon back.
    expect(events.filter(({ type }) => type === 'stream-closed').length).toBeLessThanOrEqual(3);
    await expect.poll(() => events.at(-1)?.type, { timeout: 2_000 }).toBe('stream-open');
  });
});

describe('a forged token', () => {
  test.each<[Forgery, string]>([
    ['expired', 'ERR_JWT_EXPIRED'],
    ['not-yet-valid', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['wrong-issuer', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['wrong-audience', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['wrong-type', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['unknown-key', 'ERR_JWKS_NO_MATCHING_KEY'],
    ['wrong-key', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['embedded-key', 'ERR_JWKS_NO_MATCHING_KEY'],
    ['alg-none', 'ERR_JOSE_NOT_SUPPORTED'],
    ['hmac-with-public-key', 'ERR_JOSE_NOT_SUPPORTED'],
    ['tampered', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
  ])('%s is refused for just that', async (kind, code) => {
    const token = await issuer.mintForged({ kind, audience: ORDERS, scope: 'orders:read' });
    await expect(verify(token)).rejects.toMatchObject({ code });
    expect(await introspect(ORDERS, token)).toEqual({ active: false });
  });
});

describe('two issuers at once', () => {
  test('share neither keys nor tokens nor clients', async () => {
    await using other = await startTestIssuer();
    expect(other.issuer).not.toBe(issuer.issuer);
    expect(await kids(other)).not.toEqual(expect.arrayContaining(await kids(issuer)));
    const token = await issuer.mintToken({ audience: ORDERS });
    expect(await introspect(ORDERS, token, other)).toEqual({ active: false });
    const { clientId, clientSecret } = await issuer.createClient();
    const answer = await post(
      '/token',
      { clientId, clientSecret },
      { grant_type: 'client_credentials' },
      other,
    );
    expect(answer).toMatchObject({ error: 'invalid_client' });
  });
});

describe('close', () => {
  test('leaves no file, no timer, no process and no open port', async () => {
    const files = rooms();
    const resources = process.getActiveResourcesInfo().toSorted();
    const own = await startTestIssuer();
    await own.mintToken({ audience: ORDERS });
    expect(rooms().length).toBe(files.length + 1);
    await Promise.all([own.close(), own.close()]);
    expect(rooms()).toEqual(files);
    // What was closed leaves the list when its turn in the event loop comes.
    await expect.poll(() => process.getActiveResourcesInfo().toSorted()).toEqual(resources);
    await expect(fetch(`${own.issuer}/jwks`)).rejects.toThrow();
  });

  test('does not wait for who is still connected', async () => {
    const own = await startTestIssuer();
    const hanging = fetch(`${own.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('a=')) }),
      duplex: 'half',
    }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await own.close();
    await hanging;
  });
});

/** The folders of this process's issuers. */
function rooms(): string[] {
  const workshop = path.join(os.tmpdir(), `guichet-testing-${process.getuid?.() ?? 'windows'}`);
  return readdirSync(workshop)
    .filter((name) => name.startsWith(`issuer-${process.pid}-`))
    .sort();
}

function verify(token: string, audience = ORDERS) {
  const jwks = createRemoteJWKSet(new URL('/jwks', issuer.issuer));
  return jwtVerify(token, jwks, { issuer: issuer.issuer, audience, typ: 'at+jwt' });
}

async function introspect(
  audience: string,
  token: string,
  at: TestIssuer = issuer,
): Promise<Record<string, unknown>> {
  const { credentials } = await at.verifierOptions(audience);
  return post('/token/introspection', credentials, { token }, at);
}

async function post(
  target: string,
  { clientId, clientSecret }: { clientId: string; clientSecret: string },
  form: Record<string, string>,
  at: TestIssuer = issuer,
): Promise<Record<string, unknown>> {
  const response = await fetch(new URL(target, at.issuer), {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${encodeURIComponent(clientSecret)}`)}` },
    body: new URLSearchParams(form),
  });
  return (await response.json()) as Record<string, unknown>;
}

async function kids({ issuer }: TestIssuer): Promise<string[]> {
  const { keys } = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

/** Reads the list as a verifier would that knows the draft and nothing of Guichet. */
async function statusOf(token: string): Promise<number> {
  const { status } = decodeJwt<{ status: { status_list: { idx: number; uri: string } } }>(token);
  const { idx, uri } = status.status_list;
  const { status_list } = decodeJwt<{ status_list: { lst: string } }>(await (await fetch(uri)).text());
  const bits = inflateSync(Buffer.from(status_list.lst, 'base64url'));
  return ((bits[idx >> 3] ?? 0) >> (idx & 7)) & 1;
}

function kidOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as {
    kid: string;
  };
  return header.kid;
}
