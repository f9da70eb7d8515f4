import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  AUDIENCE,
  CREDENTIALS,
  json,
  startScriptedIssuer,
  type ScriptedIssuer,
} from '../support/scripted-issuer.ts';
import { outcomeOf } from './refusals.ts';

let issuer: ScriptedIssuer;
let asked: { authorization: string | undefined; body: string }[];
beforeEach(async () => {
  issuer = await startScriptedIssuer();
  asked = [];
});
afterEach(() => issuer[Symbol.asyncDispose]());

const PATH = '/introspection';

function answer(body: unknown, status = 200): void {
  issuer.faults.set(PATH, async (req, res) => {
    let text = '';
    for await (const chunk of req) text += String(chunk);
    asked.push({ authorization: req.headers.authorization, body: text });
    json(res, body, status);
  });
}

const active = (changes = {}) => ({ ...issuer.claims(), active: true, token_type: 'Bearer', ...changes });
const opaque = (options = {}) => issuer.verifier({ credentials: CREDENTIALS, status: 'list', ...options });

test('an opaque token is what the issuer says it is', async () => {
  answer(active());
  const verified = await opaque().verify('opaque-1', undefined, { scopes: ['orders:read'] });
  expect(verified).toMatchObject({ subject: 'client-1', clientId: 'client-1', scheme: 'Bearer' });
  expect(verified.claims['active']).toBeUndefined();
  expect(asked[0]?.body).toBe('token=opaque-1&token_type_hint=access_token');
  expect(Buffer.from(asked[0]?.authorization?.slice(6) ?? '', 'base64').toString()).toBe(
    'orders+api:s3cret%3Awith%2Fsigns%2B%25',
  );
});

test('a revocation is seen at the next request: no answer is kept', async () => {
  const verifier = opaque();
  answer(active());
  expect(await outcomeOf(verifier.verify('opaque-1'))).toBe('valid');
  answer({ active: false });
  expect(await outcomeOf(verifier.verify('opaque-1'))).toBe('invalid_token/inactive');
});

test('requests with one token at a time share one question', async () => {
  answer(active());
  const verifier = opaque();
  await Promise.all(Array.from({ length: 50 }, () => verifier.verify('opaque-1')));
  expect(asked.length).toBe(1);
});

test.each<[string, Record<string, unknown>, string]>([
  ['a token of another API', { aud: 'https://api.example/other' }, 'invalid_token/audience'],
  ['a token without audience', { aud: undefined }, 'invalid_token/claims'],
  ['a refresh token', { token_type: undefined }, 'invalid_token/type'],
  ['a token of another issuer', { iss: 'https://evil.example' }, 'invalid_token/issuer'],
  ['an expired token', { exp: 1 }, 'invalid_token/expired'],
  ['a token without end', { exp: undefined }, 'invalid_token/claims'],
  ['a token bound to a key', { cnf: { jkt: 'x' } }, 'invalid_token/scheme'],
  ['a token without subject', { sub: undefined }, 'valid'],
])('%s', async (_, changes, outcome) => {
  answer(active(changes));
  expect(await outcomeOf(opaque().verify('opaque-1'))).toBe(outcome);
});

test.each<[string, unknown, number]>([
  ['an error', { error: 'server_error' }, 500],
  ['wrong credentials', { error: 'invalid_client' }, 401],
  ['no answer to the question', {}, 200],
  ['a yes of text', { active: 'true' }, 200],
  ['a document that is too large', { active: true, x: 'x'.repeat(70_000) }, 200],
])('%s is no yes', async (_, body, status) => {
  answer(body, status);
  expect(await outcomeOf(opaque().verify('opaque-1'))).toBe('introspection_unavailable');
});

test('what looks like a JWT, or like nothing, costs no question', async () => {
  answer(active());
  const verifier = opaque();
  for (const token of ['a.b', 'a.b.c', 'x'.repeat(2_000), 'a b', 'ü', '']) {
    expect(await outcomeOf(verifier.verify(token))).toBe('invalid_token/malformed');
  }
  expect(asked.length).toBe(0);
});

test('without credentials an opaque token is refused', async () => {
  expect(await outcomeOf(issuer.verifier({ audience: AUDIENCE }).verify('opaque-1'))).toBe(
    'invalid_token/malformed',
  );
});
