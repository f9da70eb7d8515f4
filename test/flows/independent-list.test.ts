/**
 * Status lists are a standard (draft-ietf-oauth-status-list): whoever implements it reads ours, and finds the right bits. Here that is
 * PyJWT with Python's own zlib, and `jose`. Neither knows anything of Guichet but its issuer and the tokens.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { revoke } from '../../src/revocation/revoke.ts';
import { jtiDigest } from '../../src/revocation/token.ts';
import { makeApp, post, revokeAt, tokensOf, type App } from '../support/app.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, ORDERS } from '../support/factories.ts';
import { hasPyJwt, runPython } from '../support/python.ts';
import { readBit, statusOf } from '../support/status.ts';

/** Of each API, each with another signature algorithm; half of them are revoked. */
const TOKENS_PER_API = 18;
const APIS = {
  [ORDERS]: 'ES256',
  'https://api.example/bills': 'RS256',
  'https://api.example/stock': 'EdDSA',
} as const;

let cluster: Cluster;
const issued: { readonly token: string; readonly isRevoked: boolean }[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  for (const [audience, signingAlg] of Object.entries(APIS)) {
    await makeApi(cluster.services, { audience, signingAlg });
    const app = await makeApp(cluster.services, { kind: 'machine', resource: audience });
    for (let no = 0; no < TOKENS_PER_API; no += 1) await issue(app, no);
  }
}, 120_000);
afterAll(() => cluster.stop());

/** Every second token is revoked, in turn at the endpoint of the other process and by its `jti`. */
async function issue(app: App, no: number): Promise<void> {
  const [here, there] = no % 4 < 2 ? cluster.nodes : cluster.nodes.toReversed();
  if (!here || !there) throw new Error('there are two nodes');
  const form = { grant_type: 'client_credentials', scope: 'orders:read' };
  const token = tokensOf(await post(here, app, '/token', form)).access;
  const isRevoked = no % 2 === 0;
  issued.push({ token, isRevoked });
  if (!isRevoked) return;
  if (no % 4 === 0) await revokeAt(there, app, token);
  else await revoke(cluster.services, { jti: decodeJwt(token).jti ?? '' }, 'test');
}

/** What the ledger says of them, in their order. */
async function ledgerBits(): Promise<number[]> {
  const { knex } = cluster.database.db;
  const bits: number[] = [];
  for (const { token } of issued) {
    const [row] = await knex('tokens')
      .where({ jti: jtiDigest(decodeJwt(token).jti ?? '') })
      .select<{ revoked_at: Date | null }[]>('revoked_at');
    if (!row) throw new Error('the ledger does not have the token');
    bits.push(row.revoked_at === null ? 0 : 1);
  }
  return bits;
}

test('the ledger has what was done', async () => {
  expect(await ledgerBits()).toEqual(issued.map(({ isRevoked }) => (isRevoked ? 1 : 0)));
  expect(new Set(issued.map(({ token }) => statusOf(token).uri)).size).toBeGreaterThan(1);
});

test('jose reads the bits that the ledger has', async () => {
  const bits = await Promise.all(issued.map(({ token }) => readBit(cluster.issuer, statusOf(token))));
  expect(bits).toEqual(await ledgerBits());
});

test.skipIf(!hasPyJwt)('PyJWT reads the bits that the ledger has, and no other bit is set', async () => {
  const tokens = issued.map(({ token }) => token);
  const read = await runPython('read_status_list.py', { issuer: cluster.issuer, tokens });
  expect(read).toMatchObject({ tokens: await ledgerBits() });

  // Nobody else has revoked anything here: every bit that is 1, of any list that the issuer names, is one of ours.
  const revoked = issued.filter(({ isRevoked }) => isRevoked).map(({ token }) => statusOf(token));
  const expected = new Set(revoked.map(({ uri, idx }) => `${uri} ${idx}`));
  const { lists } = read as { lists: Record<string, number[]> };
  const found = Object.entries(lists).flatMap(([uri, indexes]) => indexes.map((idx) => `${uri} ${idx}`));
  expect(new Set(found)).toEqual(expected);
});
