import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { syncDirectories } from '../../src/jobs/sync-directories.ts';
import { syncDirectory } from '../../src/revocation/sync-directory.ts';
import { createProvider } from '../../src/upstream/create-provider.ts';
import type { IdentityProviderOf } from '../../src/upstream/identity-provider.ts';
import {
  authorizationPath,
  makeApp,
  redeem,
  refresh,
  tokensOf,
  type App,
  type Tokens,
} from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makeApi } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { addPerson, BASE, hasSlapd, startSlapd, type Slapd } from '../support/slapd.ts';

const PASSWORD = 'a password that only the directory knows';

let slapd: Slapd;
let server: TestServer;
let clock: TestClock;
let node: Node;
let app: App;
let provider: IdentityProviderOf<'ldap'>;

beforeAll(async () => {
  if (!hasSlapd) return;
  clock = createTestClock(new Date());
  [slapd, server] = await Promise.all([startSlapd(), startTestServer({ clock })]);
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services, { scope: 'openid offline_access orders:read' });
  const made = await createProvider(server.services, {
    kind: 'ldap',
    name: 'Staff',
    settings: {
      url: slapd.ldapsUrl,
      startTls: false,
      ca: slapd.ca,
      base: BASE,
      bindDn: slapd.reader.dn,
      filter: '(uid={identifier})',
      subject: 'entryUUID',
      isDefault: true,
    },
    secrets: { bindPassword: slapd.reader.password },
    actor: 'test',
  });
  if (made.kind !== 'ldap') throw new TypeError('not a directory');
  provider = made;
});

afterAll(async () => {
  node?.close();
  await server?.stop();
  await slapd?.stop();
});

const dnOf = (uid: string) => `uid=${uid},ou=people,${BASE}`;

async function signIn(uid: string): Promise<Tokens> {
  const walker = createWalker({ origin: server.issuer });
  const form = await walker.visit(authorizationPath(app, { prompt: 'consent' }));
  let page = await walker.submit(form, { identifier: uid, password: PASSWORD }, { form: '/sign-in' });
  if (!page.leavesTo) page = await walker.submit(page, {}, { value: 'allow' });
  return tokensOf(await redeem(node, app, page.leavesTo?.searchParams.get('code') ?? ''));
}

const isAlive = async (tokens: Tokens) => (await refresh(node, app, tokens.refresh)).status === 200;

describe.skipIf(!hasSlapd)('asking a directory for its people', () => {
  test('signs out who has left, once and with every token, and nobody else', async () => {
    for (const uid of ['stays', 'leaves']) await addPerson(slapd, { uid, password: PASSWORD });
    const stays = await signIn('stays');
    const leaves = await signIn('leaves');
    clock.advance(60);
    expect(await syncDirectory(server.services, provider, { actor: 'test' })).toMatchObject({
      people: 2,
      left: [],
    });

    await slapd.admin((client) => client.del(dnOf('leaves')));
    const plan = await syncDirectory(server.services, provider, { actor: 'test', dryRun: true });
    expect(plan.left).toHaveLength(1);
    const done = await syncDirectory(server.services, provider, { actor: 'test' });
    expect(done).toMatchObject({ left: plan.left, tokens: 1 });
    expect([await isAlive(stays), await isAlive(leaves)]).toEqual([true, false]);
    expect((await syncDirectory(server.services, provider, { actor: 'test' })).left).toEqual([]);
  });

  test('happens by itself, and waits while the directory is away', async () => {
    await addPerson(slapd, { uid: 'retires', password: PASSWORD });
    const tokens = await signIn('retires');
    clock.advance(60);
    await slapd.admin((client) => client.del(dnOf('retires')));
    const context = { ...server.services, signal: new AbortController().signal };
    await server.services.db.knex('identity_providers').update({
      settings: JSON.stringify({ ...provider.settings, url: 'ldaps://localhost:1' }),
    });
    await syncDirectories(context);
    await server.services.db
      .knex('identity_providers')
      .update({ settings: JSON.stringify(provider.settings) });
    const events = () => server.services.db.knex('audit_events').where({ type: 'identity.absent' });
    expect(await events()).toHaveLength(1);
    await syncDirectories(context);
    expect(await events()).toHaveLength(2);
    expect(await isAlive(tokens)).toBe(false);
  });

  test('believes no directory that seems to have lost a fifth of everybody', async () => {
    const { knex } = server.services.db;
    const [{ account_id: accountId }] = await knex('identities').select('account_id').limit(1);
    const strangers = Array.from({ length: 11 }, (_, index) => ({
      id: `idn_stranger${index}`,
      provider_id: provider.id,
      issuer: 'ldap:///elsewhere',
      subject: `stranger ${index}`,
      account_id: accountId,
      linked_at: clock.now(),
    }));
    await knex('identities').insert(strangers);
    await expect(syncDirectory(server.services, provider, { actor: 'test' })).rejects.toThrow(
      '11 of 14 people',
    );
    expect(
      (await syncDirectory(server.services, provider, { actor: 'test', force: true })).left,
    ).toHaveLength(11);
  });
});
