import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createEgress } from '../../src/http/egress.ts';
import { deleteTrustedIssuer } from '../../src/revocation/delete-trusted-issuer.ts';
import { disableProvider } from '../../src/revocation/disable-provider.ts';
import { disconnectIdentity } from '../../src/revocation/disconnect-identity.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { createTrustedIssuer } from '../../src/upstream/create-trusted-issuer.ts';
import { createForeignTokens } from '../../src/upstream/foreign-token.ts';
import type { TrustedIssuer } from '../../src/upstream/trusted-issuer.ts';
import { findTrustedIssuer } from '../../src/upstream/trusted-issuer-store.ts';
import { confusedTokens, makeSigner } from '../standards/forge.ts';
import { introspect, type RelyingParty } from '../standards/scene.ts';
import { createTestClock } from '../support/clock.ts';
import { startScriptedIssuer, type ScriptedIssuer } from '../support/scripted-issuer.ts';
import {
  ACCESS_TOKEN,
  addExchanger,
  BILLS,
  exchange,
  JWT,
  openExchangeScene,
  trustIssuer,
  tryExchange,
  type ExchangeScene,
} from './token-exchange-scene.ts';

let scene: ExchangeScene;
beforeAll(async () => {
  scene = await openExchangeScene();
});
afterAll(() => scene.stop());

let issuer: ScriptedIssuer;
let client: RelyingParty;
let trusted: Awaited<ReturnType<typeof trustIssuer>>;

beforeEach(() => set({}));
afterEach(() => issuer[Symbol.asyncDispose]());

async function set(options: Parameters<typeof trustIssuer>[2]): Promise<void> {
  issuer = await startScriptedIssuer();
  trusted = await trustIssuer(scene, issuer, options);
  client = await addExchanger(scene, { exchange: { issuerIds: [trusted.id] } });
}

/** As the trusted issuer makes it for the person who is connected. */
function foreign(changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  return issuer.token({ sub: 'ada-there', aud: scene.issuer, ...changes }, { typ: 'JWT', ...header });
}

function attempt(token: string, changes: Readonly<Record<string, string>> = {}) {
  return tryExchange(scene, client, token, { subject_token_type: JWT, ...changes });
}

function services() {
  return scene.server.services;
}

async function isActive(token: string): Promise<boolean> {
  return (await introspect(scene, client, token)).json['active'] === true;
}

describe('a token of a trusted issuer', () => {
  test('speaks for the person who has connected it, until the issuer is trusted no more', async () => {
    const subject = foreign({ exp: Math.floor(Date.now() / 1000) + 120 });
    const { token, claims } = await exchange(scene, client, subject, { subject_token_type: JWT });
    expect(claims).toMatchObject({
      iss: scene.issuer,
      sub: trusted.person.id,
      client_id: client.id,
      aud: BILLS,
      scope: 'bills:read',
      act: { sub: client.id },
    });
    // How the person signed in there is not how they would have signed in here.
    for (const claim of ['acr', 'amr', 'auth_time']) expect(claims).not.toHaveProperty(claim);
    expect(Number(claims['exp'])).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + 120);
    expect(await isActive(token)).toBe(true);
    await deleteTrustedIssuer(scene.server.services, issuer.url, 'test');
    expect(await isActive(token)).toBe(false);
    expect((await attempt(foreign())).json['error']).toBe('invalid_request');
  });

  test('ends with its person, and with its provider is worth nothing', async () => {
    const { token } = await exchange(scene, client, foreign(), { subject_token_type: JWT });
    await disableAccount(scene.server.services, trusted.person.id, 'test');
    expect(await isActive(token)).toBe(false);
    expect((await attempt(foreign())).json['error']).toBe('invalid_request');
  });

  test.each([
    ['its provider is disabled', ({ providerId }) => disableProvider(services(), providerId, 'test')],
    [
      'the person disconnects it',
      ({ person, identityId }) =>
        disconnectIdentity(services(), {
          account: person,
          identityId,
          language: 'en' as const,
          actor: 'test',
        }),
    ],
  ] satisfies [string, (made: typeof trusted) => Promise<unknown>][])(
    'ends when %s, and is refused then',
    async (_when, end) => {
      const { token } = await exchange(scene, client, foreign(), { subject_token_type: JWT });
      await end(trusted);
      expect(await isActive(token)).toBe(false);
      expect((await attempt(foreign())).json['error']).toBe('invalid_request');
    },
  );

  test('is refused unless every claim is as it has to be, and found so by its algorithm, key and type', async () => {
    const now = Math.floor(Date.now() / 1000);
    const other = makeSigner('key-1');
    const bad: Record<string, string> = {
      'for somebody else': foreign({ aud: 'https://other.example' }),
      'for somebody else as well': foreign({ aud: [scene.issuer, 'https://other.example'] }),
      'for nobody': foreign({ aud: undefined }),
      expired: foreign({ iat: now - 300, exp: now - 60 }),
      'without an end': foreign({ exp: undefined }),
      'without a beginning': foreign({ iat: undefined }),
      'too old': foreign({ iat: now - 3700 }),
      'of the future': foreign({ iat: now + 600, exp: now + 900 }),
      'not yet': foreign({ nbf: now + 600 }),
      'about nobody': foreign({ sub: '' }),
      'about a stranger': foreign({ sub: 'somebody-else' }),
      'about a stranger with a known address': foreign({
        sub: 'somebody-else',
        email: trusted.person.email,
        email_verified: true,
      }),
      'about our own id for them': foreign({ sub: trusted.person.id }),
      'that is delegated': foreign({ act: { sub: 'robot' } }),
      'of another issuer': foreign({ iss: 'https://other.example' }),
      'of no issuer': foreign({ iss: undefined }),
      'of ours': foreign({ iss: scene.issuer }),
      'by another key': issuer.token({ sub: 'ada-there', aud: scene.issuer }, { typ: 'JWT' }, other),
      'with its key in the header': issuer.token(
        { sub: 'ada-there', aud: scene.issuer },
        { typ: 'JWT', jwk: other.jwk, kid: undefined },
        other,
      ),
      'with another algorithm': foreign({}, { alg: 'RS256' }),
      'without a signature': `${foreign({}, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
      'a logout token': foreign({}, { typ: 'logout+jwt' }),
      'a proof': foreign({}, { typ: 'dpop+jwt' }),
    };
    confusedTokens(issuer.signer.jwk, issuer.claims({ sub: 'ada-there', aud: scene.issuer })).forEach(
      (token, index) => (bad[`HS256 with the public key ${index}`] = token),
    );
    for (const [what, token] of Object.entries(bad)) {
      const answer = await attempt(token);
      expect([what, answer.status, answer.json['error']]).toEqual([what, 400, 'invalid_request']);
    }
    expect((await attempt(foreign())).status).toBe(200);
    expect((await attempt(foreign(), { subject_token_type: ACCESS_TOKEN })).status).toBe(400);
  });

  test('TX-07 is nothing to a client that may not exchange it, which cannot even make us ask its issuer', async () => {
    const stranger = await addExchanger(scene);
    const answer = await tryExchange(scene, stranger, foreign(), { subject_token_type: JWT });
    expect(answer.json['error']).toBe('invalid_request');
    expect(issuer.count('/jwks')).toBe(0);
  });

  test('TX-06 may say who may act', async () => {
    expect((await attempt(foreign({ may_act: { sub: client.id } }))).status).toBe(200);
    for (const mayAct of [{ sub: 'other' }, { sub: client.id, iss: 'https://x.example' }, {}, 'x', null]) {
      expect((await attempt(foreign({ may_act: mayAct }))).json['error']).toBe('invalid_request');
    }
  });

  test('waits for its issuer: 503 while the keys cannot be had', async () => {
    issuer.faults.set('/jwks', (_req, res) => void res.writeHead(500).end());
    expect((await attempt(foreign())).status).toBe(503);
    issuer.faults.delete('/jwks');
    issuer.metadata = { issuer: 'https://other.example' };
    expect((await attempt(foreign())).status).toBe(503);
    issuer.metadata = {};
    expect((await attempt(foreign())).status).toBe(200);
  });
});

test('TX-08 a one-time token is exchanged once, however many try at once', async () => {
  await issuer[Symbol.asyncDispose]();
  await set({ oneTime: true });
  const token = foreign({ jti: randomUUID() });
  // A request that is wrong in another way does not spend it.
  expect((await attempt(token, { scope: 'all' })).json['error']).toBe('invalid_scope');
  const answers = await Promise.all(Array.from({ length: 16 }, () => attempt(token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect((await attempt(foreign({ jti: undefined }))).status).toBe(400);
});

test('a key that is new is found, and one that was withdrawn is forgotten', async () => {
  const clock = createTestClock(new Date());
  const tokens = createForeignTokens({
    config: { mode: 'development' },
    clock,
    egress: createEgress({ allow: [] }),
  });
  const about = (await findTrustedIssuer(scene.server.services.db.knex, issuer.url)) as TrustedIssuer;
  expect(await tokens.verify(about, foreign())).toBeDefined();
  const next = makeSigner('key-2');
  const signed = issuer.token({ sub: 'ada-there', aud: scene.issuer }, { typ: 'JWT' }, next);
  issuer.jwks = [{ ...next.jwk }];
  expect(await tokens.verify(about, signed)).toBeUndefined();
  clock.advance(11);
  expect(await tokens.verify(about, signed)).toBeDefined();
  expect(await tokens.verify(about, foreign())).toBeUndefined();
  expect(issuer.count('/jwks')).toBe(2);
});

test.each([
  [{ issuer: 'http://idp.example' }, 'invalid_trusted_issuer'],
  [{ issuer: 'no address' }, 'invalid_trusted_issuer'],
  [{ issuer: 'https://idp.example', algs: ['HS256'] }, 'invalid_trusted_issuer'],
  [{ issuer: 'https://idp.example', algs: [] }, 'invalid_trusted_issuer'],
  [{ issuer: 'https://idp.example', maxAgeSeconds: 100_000 }, 'invalid_trusted_issuer'],
  [{ issuer: 'https://idp.example', jwksUri: 'http://idp.example/jwks' }, 'invalid_trusted_issuer'],
  [{ issuer: 'https://idp.example', provider: 'nobody' }, 'identity_provider_not_found'],
])('nobody can be trusted as %o', async (input, code) => {
  const { services } = scene.server;
  const wanted = { provider: trusted.providerId, actor: 'test', ...input };
  await expect(createTrustedIssuer(services, wanted)).rejects.toMatchObject({ code });
});

test('this server is not foreign to itself, and nobody is trusted twice', async () => {
  const { services } = scene.server;
  const rest = { provider: trusted.providerId, actor: 'test' };
  await expect(createTrustedIssuer(services, { issuer: scene.issuer, ...rest })).rejects.toMatchObject({
    code: 'invalid_trusted_issuer',
  });
  await expect(createTrustedIssuer(services, { issuer: issuer.url, ...rest })).rejects.toMatchObject({
    code: 'trusted_issuer_taken',
  });
});
