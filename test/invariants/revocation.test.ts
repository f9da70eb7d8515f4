/**
 * I3 and I5: whatever ends something, no request that begins after it was acknowledged succeeds with what has ended, on any
 * process. Clients go on asking on both processes while it happens; the history tells who was told what, and when.
 */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { artifactDigest } from '../../src/grants/artifact.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { disableApi } from '../../src/revocation/disable-api.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { LEDGER_LOCK } from '../../src/revocation/issue.ts';
import { resetPassword } from '../../src/revocation/reset-password.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import {
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  obtainTokens,
  redeem,
  refresh,
  revokeAt,
  signIn,
  tokensOf,
  userinfo,
  type App,
  type Tokens,
} from '../support/app.ts';
import { createHistory, type History, type Operation } from './history.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  await makeApi(cluster.services);
});
afterAll(() => cluster.stop());

/** A person signed in to an application with an API and to one without, in a browser. */
interface Scene {
  readonly person: Account;
  readonly walker: Walker;
  readonly cookie: string;
  readonly app: App;
  readonly opaqueApp: App;
  readonly jwt: Tokens;
  readonly opaque: Tokens;
  /** The refresh token that `jwt` came of; within the grace period its answer may be asked for again. */
  readonly spent: string;
  /** Not redeemed yet. */
  readonly code: string;
}

async function setScene(audience: string = ORDERS): Promise<Scene> {
  const { services, nodes, issuer } = cluster;
  const [node] = nodes;
  const app = await makeApp(services, { resource: audience });
  const opaqueApp = await makeApp(services, { resource: null });
  const person = await makePerson(services);
  const walker = createWalker({ origin: issuer });
  await redeem(node, app, await signIn(walker, app, person));
  const cookie = cookiesOf(walker, issuer);
  const { refresh: spent } = await obtainTokens(node, app, cookie);
  const jwt = tokensOf(await refresh(node, app, spent));
  const opaque = await obtainTokens(node, opaqueApp, cookie);
  const code = await mintCode(node, app, cookie);
  return { person, walker, cookie, app, opaqueApp, jwt, opaque, spent, code };
}

/** What still works, of everything that a request can try without changing anything. */
const PROBES = {
  'JWT introspection': (node, { app, jwt }) => introspect(node, app, jwt.access).then(activeOnly),
  'refresh token introspection': (node, { app, jwt }) => introspect(node, app, jwt.refresh).then(activeOnly),
  'opaque introspection': (node, { opaqueApp, opaque }) =>
    introspect(node, opaqueApp, opaque.access).then(activeOnly),
  userinfo: (node, { opaque }) => userinfo(node, opaque.access),
  'single sign-on': (node, { app, cookie }) =>
    authorize(node, app, cookie, { prompt: 'none' }).then(codeOnly),
} satisfies Record<string, (node: Cluster['nodes'][number], scene: Scene) => ReturnType<typeof userinfo>>;
type Probe = keyof typeof PROBES;

/** An inactive token is a refusal, in the history's terms. */
function activeOnly<A extends { status: number; json: Readonly<Record<string, unknown>> }>(answer: A): A {
  return answer.json['active'] === false ? { ...answer, status: 400 } : answer;
}

function codeOnly<A extends { status: number; location: URL | undefined }>(answer: A): A {
  return answer.location?.searchParams.has('code') ? answer : { ...answer, status: 400 };
}

/** Asks again and again on both processes until it is told to stop. */
function watch(scene: Scene, history: History, probes: readonly Probe[]): { stop(): Promise<void> } {
  const over = new AbortController();
  const watchers = cluster.nodes.flatMap((node, index) =>
    probes.map(async (kind) => {
      while (!over.signal.aborted)
        await history.run({ kind, key: kind, node: index }, () => PROBES[kind](node, scene));
    }),
  );
  return {
    async stop() {
      over.abort();
      await Promise.all(watchers);
    },
  };
}

interface Ending {
  readonly end: (scene: Scene) => Promise<unknown>;
  /** What it must end; the others must go on. */
  readonly ends: readonly Probe[];
  /** A refresh of either application after it. */
  readonly refreshes: { readonly jwt: boolean; readonly opaque: boolean };
  /** Whether the code that was not redeemed yet is still good. */
  readonly code: boolean;
}

const TOKENS = [
  'JWT introspection',
  'refresh token introspection',
  'opaque introspection',
  'userinfo',
] as const;

const ENDINGS: Record<string, Ending> = {
  'revoking a JWT (RFC 7009)': {
    end: ({ app, jwt }) => revokeAt(cluster.nodes[0], app, jwt.access),
    ends: ['JWT introspection'],
    refreshes: { jwt: true, opaque: true },
    code: true,
  },
  'revoking an opaque token (RFC 7009)': {
    end: ({ opaqueApp, opaque }) => revokeAt(cluster.nodes[0], opaqueApp, opaque.access),
    ends: ['opaque introspection', 'userinfo'],
    refreshes: { jwt: true, opaque: true },
    code: true,
  },
  'revoking a refresh token (RFC 7009)': {
    end: ({ app, jwt }) => revokeAt(cluster.nodes[0], app, jwt.refresh),
    ends: ['JWT introspection', 'refresh token introspection'],
    refreshes: { jwt: false, opaque: true },
    code: false,
  },
  'revoking the grant': {
    end: async ({ opaqueApp, person }) => {
      const where = { client_id: opaqueApp.id, account_id: person.id };
      const grants: { id: string }[] = await cluster.database.db.knex('grants').select('id').where(where);
      for (const { id } of grants) await revoke(cluster.services, { grant: id }, 'test');
    },
    ends: ['opaque introspection', 'userinfo'],
    refreshes: { jwt: true, opaque: false },
    code: true,
  },
  'signing out': {
    end: async ({ walker }) => walker.submit(await walker.visit('/session/end'), {}, { name: 'logout' }),
    ends: [...TOKENS, 'single sign-on'],
    refreshes: { jwt: false, opaque: false },
    code: false,
  },
  'ending the session from outside': {
    end: async ({ person }) => {
      const sessions: { uid: string }[] = await cluster.database.db
        .knex('sessions')
        .select('uid')
        .where({ account_id: person.id });
      for (const { uid } of sessions) await revoke(cluster.services, { session: uid }, 'test');
    },
    ends: [...TOKENS, 'single sign-on'],
    refreshes: { jwt: false, opaque: false },
    code: false,
  },
  'disabling the person': {
    end: ({ person }) => disableAccount(cluster.services, person.id, 'test'),
    ends: [...TOKENS, 'single sign-on'],
    refreshes: { jwt: false, opaque: false },
    code: false,
  },
  'a new password after the old one leaked': {
    end: ({ person }) => resetPassword(cluster.services, person.id, 'another horse, another battery', 'test'),
    ends: [...TOKENS, 'single sign-on'],
    refreshes: { jwt: false, opaque: false },
    code: false,
  },
  'disabling a client': {
    end: ({ opaqueApp }) => disableClient(cluster.services, opaqueApp.id, 'test'),
    ends: ['opaque introspection', 'userinfo'],
    refreshes: { jwt: true, opaque: false },
    code: true,
  },
  'revoking the key that signed': {
    end: ({ jwt }) => revokeKey(cluster.services, String(decodeProtectedHeader(jwt.access).kid), 'test'),
    ends: ['JWT introspection'],
    refreshes: { jwt: true, opaque: true },
    code: true,
  },
  'revoking everything issued so far': {
    end: () => revoke(cluster.services, { issuedBefore: new Date(Date.now() + 1000) }, 'test'),
    ends: [...TOKENS, 'single sign-on'],
    refreshes: { jwt: false, opaque: false },
    code: false,
  },
};

describe.each(Object.entries(ENDINGS))('%s', (_, { end, ends, refreshes, code }) => {
  test('is seen by every request that begins after it, on both processes, and ends nothing else', async () => {
    const scene = await setScene();
    const history = createHistory();
    const watching = watch(scene, history, Object.keys(PROBES) as Probe[]);
    await until(() => succeeded(history).size === Object.keys(PROBES).length * 2);
    await end(scene);
    const acknowledged = performance.now();
    await until(() => asked(history, acknowledged).size === Object.keys(PROBES).length * 2);
    await watching.stop();

    const later = history.operations.filter(({ start }) => start > acknowledged);
    const wrong = later.filter(({ kind, outcome }) => (outcome === 'ok') === ends.includes(kind as Probe));
    expect(wrong.map(({ kind, node, answer }) => [kind, node, answer?.status, answer?.text])).toEqual([]);

    const [, other] = cluster.nodes;
    expect((await redeem(other, scene.app, scene.code)).status === 200).toBe(code);
    expect((await refresh(other, scene.app, scene.spent)).status === 200).toBe(refreshes.jwt);
    expect((await refresh(other, scene.app, scene.jwt.refresh)).status === 200).toBe(refreshes.jwt);
    expect((await refresh(other, scene.opaqueApp, scene.opaque.refresh)).status === 200).toBe(
      refreshes.opaque,
    );
  });
});

test('disabling an API is seen at once, and nobody gets a token for it any more', async () => {
  const audience = 'https://api.example/doomed';
  const api = await makeApi(cluster.services, { audience, name: 'Doomed' });
  const scene = await setScene(audience);
  await disableApi(cluster.services, api.id, 'test');
  for (const node of cluster.nodes) {
    expect((await introspect(node, scene.app, scene.jwt.access)).json).toEqual({ active: false });
    expect((await refresh(node, scene.app, scene.jwt.refresh)).status).toBe(400);
    expect((await redeem(node, scene.app, scene.code)).status).toBe(400);
  }
});

test('reuse of a refresh token ends its family on both processes while its owner goes on', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { app, jwt } = await setScene();
    const history = createHistory();
    const second = tokensOf(await refresh(cluster.nodes[0], app, jwt.refresh));
    const third = tokensOf(await refresh(cluster.nodes[1], app, second.refresh));
    // The thief comes with the first one while the owner comes with the latest, on the other process.
    const [, owners] = await Promise.all([
      history.run({ kind: 'theft', key: jwt.refresh, node: 0 }, () =>
        refresh(cluster.nodes[0], app, jwt.refresh),
      ),
      history.run({ kind: 'refresh', key: third.refresh, node: 1 }, () =>
        refresh(cluster.nodes[1], app, third.refresh),
      ),
    ]);
    const fourth = owners.answer && owners.outcome === 'ok' ? [tokensOf(owners.answer)] : [];
    const family = [jwt, second, third, ...fourth];
    for (const node of cluster.nodes) {
      for (const tokens of family) {
        expect((await introspect(node, app, tokens.access)).json).toEqual({ active: false });
        expect((await refresh(node, app, tokens.refresh)).status).toBe(400);
      }
    }
  }
});

test('a revocation that waits for requests under way holds nothing that they may need', async () => {
  const { app, jwt } = await setScene();
  const { pool } = cluster.database.db;
  const digest = artifactDigest('RefreshToken', jwt.refresh);
  const [row] = await cluster.database.db
    .knex('artifacts')
    .where({ digest })
    .select<{ grant_id: string }[]>('grant_id');
  const grant = row?.grant_id ?? '';
  // As a process that has begun to issue: first the ledger, then the row that is spent.
  const issuer = await pool.connect();
  try {
    await issuer.query('BEGIN');
    await issuer.query('SELECT pg_advisory_xact_lock_shared($1)', [LEDGER_LOCK]);
    const revocation = revoke(cluster.services, { grant }, 'test');
    await untilSomebodyWaits();
    await issuer.query("SET LOCAL lock_timeout = '500ms'");
    const held = await issuer.query('SELECT FROM artifacts WHERE digest = $1 FOR UPDATE', [digest]);
    expect(held.rowCount).toBe(1);
    await issuer.query('COMMIT');
    expect((await revocation).tokens).toBeGreaterThan(0);
  } finally {
    issuer.release(true);
  }
  expect((await introspect(cluster.nodes[1], app, jwt.access)).json).toEqual({ active: false });

  async function untilSomebodyWaits(): Promise<void> {
    for (let turn = 0; turn < 500; turn += 1) {
      const { rowCount } = await pool.query(
        "SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND NOT granted",
      );
      if (rowCount) return;
    }
    throw new Error('the revocation does not wait');
  }
});

test('a token that many revoke at once is one event', async () => {
  const { app, jwt } = await setScene();
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      revokeAt(cluster.nodes[index % 2 === 0 ? 0 : 1], app, jwt.access),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const events = await cluster.database.db
    .knex('audit_events')
    .where({ type: 'revoked' })
    .whereRaw("detail ->> 'jti' = ?", [decodeJwt(jwt.access).jti ?? '']);
  expect(events).toHaveLength(1);
});

test('what is refreshed while its grant is revoked is dead', async () => {
  const app = await makeApp(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  await signIn(walker, app, await makePerson(cluster.services));
  const cookie = cookiesOf(walker, cluster.issuer);
  for (let round = 0; round < 20; round += 1) {
    const tokens = await obtainTokens(cluster.nodes[0], app, cookie);
    const [revoked, ...refreshed] = await Promise.all([
      revokeAt(cluster.nodes[0], app, tokens.refresh),
      ...Array.from({ length: 8 }, (_, index) =>
        refresh(cluster.nodes[index % 2 === 0 ? 1 : 0], app, tokens.refresh),
      ),
    ]);
    expect(revoked.status).toBe(200);
    for (const answer of refreshed) {
      expect([200, 400]).toContain(answer.status);
      if (answer.status === 400) continue;
      expect((await introspect(cluster.nodes[1], app, tokensOf(answer).access)).json).toEqual({
        active: false,
      });
    }
  }
});

const placeOf = ({ kind, node }: Operation) => `${kind} ${node}`;

function succeeded({ operations }: History): Set<string> {
  return new Set(operations.filter(({ outcome }) => outcome === 'ok').map(placeOf));
}

function asked({ operations }: History, since: number): Set<string> {
  return new Set(operations.filter(({ start }) => start > since).map(placeOf));
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('waited in vain');
}
