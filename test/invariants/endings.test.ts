/** I5, I9, I10: what has ended stays ended, however busily everybody was using it while it did, on whatever process. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { withdrawConsent } from '../../src/revocation/withdraw-consent.ts';
import {
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  obtainTokens,
  redeem,
  refresh,
  signIn,
  tokensOf,
  userinfo,
  type App,
  type Tokens,
} from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { startLogoutReceiver, type LogoutReceiver } from '../support/logout-receiver.ts';
import type { Answer, Node } from '../support/node.ts';

const NAMES = ['shop', 'desk', 'page'] as const;

let cluster: Cluster;
let receiver: LogoutReceiver;

beforeAll(async () => {
  cluster = await startCluster();
  receiver = await startLogoutReceiver({
    // One of them is busy at first.
    answer: (name, attempt, response) =>
      void response.writeHead(name === 'desk' && attempt === 1 ? 503 : 200).end(),
  });
  await makeApi(cluster.services);
});
afterAll(async () => {
  await cluster.stop();
  await receiver.close();
});

const nodeFor = (index: number): Node => cluster.nodes[index % 2 === 0 ? 0 : 1];

/** A code that was asked for, redeemed at once on the other process; undefined where there was none. */
async function tokensFrom(answer: Answer, app: App, node: Node): Promise<Tokens | undefined> {
  const code = answer.location?.searchParams.get('code');
  if (!code) return undefined;
  const redeemed = await redeem(node, app, code);
  return redeemed.status === 200 ? tokensOf(redeemed) : undefined;
}

async function expectDead(app: App, { access, refresh: token }: Tokens): Promise<void> {
  for (const node of cluster.nodes) {
    expect((await introspect(node, app, access)).json).toEqual({ active: false });
    expect((await userinfo(node, access)).status).toBe(401);
    if (token !== '') expect((await refresh(node, app, token)).status).toBe(400);
  }
}

test('one sign-in is good for three clients, and one sign-out ends all of it while they are at work', async () => {
  const listen = (name: string) => ({
    backchannel_logout_uri: receiver.uri(name),
    backchannel_logout_session_required: true,
  });
  const apps = [
    await makeApp(cluster.services, { metadata: listen(NAMES[0]) }),
    await makeApp(cluster.services, { resource: null, metadata: listen(NAMES[1]) }),
    await makeApp(cluster.services, { kind: 'spa', metadata: listen(NAMES[2]) }),
  ] as const;
  const walker = createWalker({ origin: cluster.issuer });
  await signIn(walker, apps[0], await makePerson(cluster.services));
  const cookie = cookiesOf(walker, cluster.issuer);
  const held: { app: App; tokens: Tokens }[] = [];
  for (const app of [...apps, ...apps]) {
    held.push({ app, tokens: await obtainTokens(nodeFor(held.length), app, cookie) });
  }
  const confirm = await walker.visit('/session/end');

  const [signedOut, refreshed, asked] = await Promise.all([
    walker.submit(confirm, {}, { name: 'logout' }),
    Promise.all(held.map(({ app, tokens }, index) => refresh(nodeFor(index), app, tokens.refresh))),
    Promise.all(
      [...apps, ...apps].map(async (app, index) => {
        const answer = await authorize(nodeFor(index), app, cookie, { prompt: 'none' });
        return tokensFrom(answer, app, nodeFor(index + 1));
      }),
    ),
  ]);
  expect(signedOut.url.pathname).toBe('/session/end/success');

  for (const { app, tokens } of held) await expectDead(app, tokens);
  for (const [index, answer] of refreshed.entries()) {
    const app = held[index]?.app;
    if (app && answer.status === 200) await expectDead(app, tokensOf(answer));
  }
  for (const [index, tokens] of asked.entries()) {
    const app = apps[index % apps.length];
    if (app && tokens) await expectDead(app, tokens);
  }
  for (const node of cluster.nodes) {
    for (const app of apps) {
      const silent = await authorize(node, app, cookie, { prompt: 'none' });
      expect(silent.location?.searchParams.get('error')).toBe('login_required');
    }
  }

  await receiver.until((received) => received.length >= NAMES.length + 1);
  const told = NAMES.map((name) => receiver.received.filter((one) => one.name === name));
  // The one that was busy is told again, of the same.
  expect(told.map((tokens) => tokens.length)).toEqual([1, 2, 1]);
  for (const tokens of told) {
    expect(new Set(tokens.map(({ claims }) => claims.jti)).size).toBe(1);
    expect(new Set(tokens.map(({ claims }) => claims['sid'])).size).toBe(1);
  }
});

test('a request that races the withdrawal of its consent gets nothing that lives', async () => {
  const ours = await makeApp(cluster.services);
  const theirs = await makeApp(cluster.services, { firstParty: false });
  const person = await makePerson(cluster.services);
  const { knex } = cluster.services.db;
  const withdrawn = { accountId: person.id, clientId: theirs.id };

  for (let round = 0; round < 8; round += 1) {
    const walker = createWalker({ origin: cluster.issuer });
    await signIn(walker, theirs, person);
    // Other browsers, in which the client was not used yet: each request makes a grant of its own under the consent.
    const cookies: string[] = [];
    for (let browser = 0; browser < 3; browser += 1) {
      const other = createWalker({ origin: cluster.issuer });
      await signIn(other, ours, person);
      cookies.push(cookiesOf(other, cluster.issuer));
    }
    const requests = cookies.map(async (cookie, index) => {
      const answer = await authorize(nodeFor(index), theirs, cookie);
      return tokensFrom(answer, theirs, nodeFor(index + 1));
    });
    // Not always at the same point of what they do.
    if (round % 2 === 1) await authorize(cluster.nodes[0], ours, cookies[0] ?? '');
    const [revoked, ...obtained] = await Promise.all([
      withdrawConsent(cluster.services, withdrawn, { actor: 'test' }),
      ...requests,
    ]);

    expect(revoked).toBeDefined();
    for (const tokens of obtained) if (tokens) await expectDead(theirs, tokens);
    const live = await knex('grants')
      .pluck('id')
      .where({ account_id: person.id, client_id: theirs.id })
      .whereNull('revoked_at');
    expect(live).toEqual([]);
    for (const [index, cookie] of cookies.entries()) {
      const silent = await authorize(nodeFor(index), theirs, cookie, { prompt: 'none' });
      expect(silent.location?.searchParams.get('error')).toBe('consent_required');
    }
  }
});
