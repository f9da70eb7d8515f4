import { expect, test } from 'vitest';

import { revoke } from '../../src/revocation/revoke.ts';
import { makeApp, introspect, post, tokensOf } from '../support/app.ts';
import { makeApi } from '../support/factories.ts';
import { createNode } from '../support/node.ts';
import { startTestServer } from '../support/server.ts';
import { statusOf } from '../support/status.ts';

test('tokens whose status list is gone can be revoked, together with others', async () => {
  const server = await startTestServer();
  const node = createNode(Number(new URL(server.issuer).port), server.issuer);
  try {
    await makeApi(server.services);
    const app = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
    const mint = async () =>
      tokensOf(await post(node, app, '/token', { grant_type: 'client_credentials', scope: 'orders:read' }))
        .access;
    const tokens = [await mint()];
    server.services.statusLease.abandon();
    tokens.push(await mint());
    const lost =
      statusOf(tokens[0] ?? '')
        .uri.split('/')
        .at(-1) ?? '';
    expect(await server.database.db.knex('status_lists').where({ id: lost }).delete()).toBe(1);
    expect(await revoke(server.services, { client: app.id }, 'test')).toMatchObject({ tokens: 2 });
    for (const token of tokens) expect((await introspect(node, app, token)).json).toEqual({ active: false });
    expect(await server.database.db.knex('status_changes').select('list_no')).toHaveLength(1);
  } finally {
    node.close();
    await server.stop();
  }
});
