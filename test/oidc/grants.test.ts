/** A grant is one object that requests read, add to and write back. Nothing that a person or an operator allowed may get lost on the way. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createClient } from '../../src/clients/create-client.ts';
import { CLIENT_KINDS } from '../../src/clients/kinds.ts';
import {
  authorizationPath,
  cookiesOf,
  mintCode,
  redeem,
  signIn,
  tokensOf,
  type App,
} from '../support/app.ts';
import { createWalker, type Page } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson } from '../support/factories.ts';

const APIS = ['a', 'b', 'c', 'd'].map((name) => `https://api.example/${name}`);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  for (const audience of APIS) await makeApi(cluster.services, { audience, name: audience });
});
afterAll(() => cluster.stop());

async function makeAppOfMany(firstParty: boolean): Promise<App> {
  const redirectUri = 'https://many.example/callback';
  const { client, secret } = await createClient(cluster.services, {
    firstParty,
    apis: APIS.map((audience) => ({ audience, scopes: ['orders:read'] })),
    metadata: { client_name: 'Many', ...CLIENT_KINDS.web, redirect_uris: [redirectUri] },
    actor: 'test',
  });
  return { id: client.id, secret, redirectUri, scope: 'openid orders:read', resource: APIS[0] };
}

test('tabs of a first-party client that ask for different APIs at once all get what they asked for', async () => {
  for (let round = 0; round < 10; round += 1) {
    const app = await makeAppOfMany(true);
    const walker = createWalker({ origin: cluster.issuer });
    await redeem(
      cluster.nodes[0],
      app,
      await signIn(walker, app, await makePerson(cluster.services), { scope: 'openid' }),
    );
    const cookie = cookiesOf(walker, cluster.issuer);

    const codes = await Promise.all(
      APIS.map((resource, index) =>
        mintCode(cluster.nodes[index % 2 === 0 ? 0 : 1], app, cookie, { resource }),
      ),
    );
    const answers = await Promise.all(codes.map((code) => redeem(cluster.nodes[0], app, code)));
    const scopes = answers.map((answer) => decodeJwt(tokensOf(answer).access)['scope']);
    expect(scopes).toEqual(APIS.map(() => 'orders:read'));
  }
});

test('a person who allows different things in two tabs at once has allowed both', async () => {
  for (let round = 0; round < 5; round += 1) {
    const app = await makeAppOfMany(false);
    const walker = createWalker({ origin: cluster.issuer });
    await redeem(
      cluster.nodes[0],
      app,
      await signIn(walker, app, await makePerson(cluster.services), { scope: 'openid' }),
    );
    const asked = APIS.slice(0, 2);
    const pages: Page[] = [];
    for (const resource of asked) pages.push(await walker.visit(authorizationPath(app, { resource })));

    await Promise.all(pages.map((page) => walker.submit(page, {}, { value: 'allow' })));

    const cookie = cookiesOf(walker, cluster.issuer);
    for (const resource of asked) {
      const answer = await redeem(
        cluster.nodes[1],
        app,
        await mintCode(cluster.nodes[1], app, cookie, { resource, prompt: 'none' }),
      );
      expect(decodeJwt(tokensOf(answer).access)['scope']).toBe('orders:read');
    }
  }
});
