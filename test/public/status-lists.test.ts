import { gunzipSync, inflateSync } from 'node:zlib';

import * as jose from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { revoke } from '../../src/revocation/revoke.ts';
import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { makeApp, post, revokeAt, tokensOf, type App } from '../support/app.ts';
import { makeApi } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { readBit, statusOf } from '../support/status.ts';

let server: TestServer;
let node: Node;
let app: App;

beforeAll(async () => {
  server = await startTestServer({ env: { GUICHET_STATUS_LIST_TTL_SECONDS: '7' } });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
});
afterAll(async () => {
  node.close();
  await server.stop();
});

async function mint(): Promise<string> {
  const answer = await post(node, app, '/token', { grant_type: 'client_credentials', scope: 'orders:read' });
  if (answer.status !== 200) throw new Error(answer.text);
  return tokensOf(answer).access;
}

function pathOf(token: string): string {
  return new URL(statusOf(token).uri).pathname;
}

test('every access token names its place in a list, and the list is a signed JWT about itself', async () => {
  const token = await mint();
  const { uri, idx } = statusOf(token);
  expect(uri).toMatch(new RegExp(`^${server.issuer}/status-lists/stl_`));
  expect(idx).toBeGreaterThanOrEqual(0);
  const response = await fetch(uri);
  expect(response.headers.get('content-type')).toBe('application/statuslist+jwt');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  const jwt = await response.text();
  const keys = jose.createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
  const { payload, protectedHeader } = await jose.jwtVerify<{ status_list: { lst: string } }>(jwt, keys);
  expect(protectedHeader.typ).toBe('statuslist+jwt');
  expect(payload).toMatchObject({ sub: uri, iss: server.issuer, ttl: 7, status_list: { bits: 1 } });
  expect(payload.exp ?? 0).toBeGreaterThan((payload.iat ?? 0) + 7);
  expect(inflateSync(jose.base64url.decode(payload.status_list.lst)).length * 8).toBeGreaterThanOrEqual(
    2 ** 20,
  );
});

test('a revoked token has its bit set, and no other has', async () => {
  const [dead, alive] = [await mint(), await mint()];
  expect(await readBit(server.issuer, statusOf(dead))).toBe(0);
  await revokeAt(node, app, dead);
  expect(await readBit(server.issuer, statusOf(dead))).toBe(1);
  expect(await readBit(server.issuer, statusOf(alive))).toBe(0);
});

test('indexes are drawn at random and never twice', async () => {
  const tokens = await Promise.all(Array.from({ length: 200 }, mint));
  const places = tokens.map(statusOf);
  expect(new Set(places.map(({ uri, idx }) => `${uri} ${idx}`)).size).toBe(200);
  const ascending = places.filter(({ idx }, at) => at > 0 && idx > (places[at - 1]?.idx ?? 0)).length;
  expect(ascending).toBeGreaterThan(60);
  expect(ascending).toBeLessThan(140);
  // 200 of a million, spread over all of it.
  expect(
    Math.max(...places.map(({ idx }) => idx)) - Math.min(...places.map(({ idx }) => idx)),
  ).toBeGreaterThan(500_000);
});

test('an unchanged list is not sent again, in either encoding; a changed one is', async () => {
  const token = await mint();
  const plain = await node.call('GET', pathOf(token));
  const etag = plain.headers.etag ?? '';
  expect(etag).toMatch(/^W\/"[\w-]+"$/);
  const again = await node.call('GET', pathOf(token), { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
  expect(again.text).toBe('');
  const packed = await node.call('GET', pathOf(token), {
    headers: { 'if-none-match': etag, 'accept-encoding': 'gzip' },
  });
  expect(packed.status).toBe(304);
  await revokeAt(node, app, token);
  const changed = await node.call('GET', pathOf(token), { headers: { 'if-none-match': etag } });
  expect(changed.status).toBe(200);
  expect(changed.headers.etag).not.toBe(etag);
});

test('gzip is sent to whoever takes it', async () => {
  const { uri } = statusOf(await mint());
  const response = await fetch(uri, { headers: { 'accept-encoding': 'gzip' } });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(response.headers.get('vary')).toMatch(/accept-encoding/i);
  const raw = await node.call('GET', new URL(uri).pathname, { headers: { 'accept-encoding': 'identity' } });
  expect(raw.headers['content-encoding']).toBeUndefined();
  expect(await response.text()).toBe(raw.text);
  expect(() => gunzipSync(Buffer.from(raw.text))).toThrow();
});

test('many who ask at once get one and the same build', async () => {
  const token = await mint();
  await revokeAt(node, app, token);
  const answers = await Promise.all(Array.from({ length: 50 }, () => node.call('GET', pathOf(token))));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
});

test('a list is signed by the key of the moment', async () => {
  const token = await mint();
  const kidOf = async () => jose.decodeProtectedHeader((await node.call('GET', pathOf(token))).text).kid;
  const before = await kidOf();
  await rotateKeys(server.services, { alg: 'ES256', now: true });
  await expect.poll(kidOf).not.toBe(before);
  expect(await readBit(server.issuer, statusOf(token))).toBe(0);
});

test('the metadata says where all lists are, in both documents', async () => {
  const token = await mint();
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    const { json } = await node.call('GET', `/.well-known/${name}`);
    expect(json['status_list_aggregation_endpoint']).toBe(`${server.issuer}/status-lists`);
    expect(json['revocation_stream_endpoint']).toBe(`${server.issuer}/revocations`);
  }
  const { json } = await node.call('GET', '/status-lists');
  expect(json['status_lists']).toContain(statusOf(token).uri);
});

test('lists that never were are not found, and the past is not kept', async () => {
  for (const id of ['stl_0000000000000000000000', 'x', '..', 'stl_'.padEnd(300, 'a')]) {
    expect((await node.call('GET', `/status-lists/${id}`)).status).toBe(404);
  }
  const { uri } = statusOf(await mint());
  expect((await fetch(`${uri}?time=1700000000`)).status).toBe(501);
  expect((await fetch(uri, { method: 'POST' })).status).toBe(405);
});

test('however many ask for lists that never were, few of them reach the database', async () => {
  const { pool } = server.services.db;
  const query = vi.spyOn(pool, 'query');
  const paths = Array.from({ length: 100 }, (_, at) => `/status-lists/stl_${String(at).padStart(22, '0')}`);
  const answers = await Promise.all(
    [...paths, ...paths.map(() => '/status-lists')].map((path) => node.call('GET', path)),
  );
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(100);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
  expect(query.mock.calls.length).toBeLessThan(60);
  query.mockRestore();
});

test('a revocation says how many tokens it ended and by when everybody knows', async () => {
  await Promise.all([mint(), mint()]);
  const before = Date.now();
  const { tokens, knownBy } = await revoke(server.services, { client: app.id }, 'test');
  expect(tokens).toBeGreaterThanOrEqual(2);
  expect(knownBy.getTime()).toBeGreaterThanOrEqual(before + 8000);
  expect(knownBy.getTime()).toBeLessThan(Date.now() + 9000);
});
