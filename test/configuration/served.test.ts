import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { applyConfiguration } from '../../src/configuration/apply.ts';
import { readConfiguration } from '../../src/configuration/read-configuration.ts';
import { introspect, post, tokensOf, type App } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { secretNumber } from './scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const ORDERS = 'https://api.example/orders';
const PICTURES = { picture: () => Promise.reject(new Error('there are none')) };

let database: TestDatabase;
let server: TestServer;
let node: Node;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({ database });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
});
afterAll(async () => {
  node?.close();
  await server?.stop();
  await database?.drop();
});

function apply(clients: readonly object[], scopes: readonly string[] = ['read', 'write']) {
  const file = {
    version: 1,
    apis: [
      {
        audience: ORDERS,
        name: 'Orders',
        enforces_roles: true,
        scopes: scopes.map((name) => ({ name, description: name })),
      },
    ],
    roles: [{ api: ORDERS, name: 'reader', scopes: ['read'] }],
    clients: [
      { client_id: 'orders-api', kind: 'api', acts_for: ORDERS, secrets: [{ env: 'API' }] },
      ...clients,
    ],
  };
  return applyConfiguration(server.services, readConfiguration(file), {
    actor: 'test',
    read: {
      secret: (reference) =>
        Promise.resolve(secretNumber('env' in reference && reference.env === 'API' ? 1 : 2)),
      ...PICTURES,
    },
  });
}

function appOf(id: string, number: number): App {
  return { id, secret: secretNumber(number), redirectUri: '', scope: 'read', resource: ORDERS };
}

test('what a file says is served as it says, and what it says no longer ends at once', async () => {
  const nightly = {
    client_id: 'nightly',
    kind: 'machine',
    default_api: ORDERS,
    apis: [{ audience: ORDERS, scopes: ['read', 'write'] }],
    roles: [{ api: ORDERS, role: 'reader' }],
    secrets: [{ env: 'NIGHTLY' }],
  };
  await apply([nightly]);
  const app = appOf('nightly', 2);
  const answer = await post(node, app, '/token', { grant_type: 'client_credentials', scope: 'read write' });
  expect(answer.json).toMatchObject({ scope: 'read' });
  const { access: token } = tokensOf(answer);
  const api = appOf('orders-api', 1);
  expect((await introspect(node, api, token)).json).toMatchObject({ active: true });
  expect(await apply([])).toMatchObject({ tokens: 1 });
  expect((await introspect(node, api, token)).json).toEqual({ active: false });
  const refused = await post(node, app, '/token', { grant_type: 'client_credentials' });
  expect(refused.json).toMatchObject({ error: 'invalid_client' });
});
