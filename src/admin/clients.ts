import { createClient } from '../clients/create-client.ts';
import type { ClientRecord } from '../clients/client.ts';
import { enableClient } from '../clients/enable-client.ts';
import { clientNotFound } from '../clients/not-found.ts';
import { findClient, listClients, lockClient } from '../clients/store.ts';
import { updateClient } from '../clients/update-client.ts';
import type { Queryable } from '../db/database.ts';
import {
  clientChangesDocument,
  clientDocument,
  clientToJson,
  newClientDocument,
  registeredClientDocument,
  toClientChanges,
  toNewClient,
  type ClientDocument,
} from '../documents/client.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { listApis } from '../resources/store.ts';
import { deleteClient } from '../revocation/delete-client.ts';
import { disableClient } from '../revocation/disable-client.ts';
import type { AdminContext } from './context.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { operation, pageOf, pathId, searchQuery } from './define.ts';
import type { Operation, Operator, Resource } from './operation.ts';
import { adminScopesOf, requireWithinReach } from './reach.ts';

const READ = 'admin:clients:read';
const WRITE = 'admin:clients:write';
const params = pathId('client_id');

const resource: Resource = {
  lock: (tx, id) => lockClient(tx, id),
  async read({ db }, id) {
    const client = await findClient(db.knex, id);
    return client && presentClient(db.knex, client);
  },
};

export const listClientsOperation = operation({
  id: 'clients.list',
  command: 'clients list',
  method: 'GET',
  path: '/clients',
  scope: READ,
  summary: 'Clients, the oldest first',
  query: searchQuery,
  answer: pageOf('clients', clientDocument),
  async run({ db }, { query: { limit, ...query } }) {
    const { items, next } = cut(
      await listClients(db.knex, { ...query, limit: limit + 1 }),
      limit,
      cursorOfMade,
    );
    const apis = await listApis(db.knex);
    return { clients: items.map((client) => clientToJson(client, apis)), next };
  },
});

export const showClientOperation = operation({
  id: 'clients.show',
  command: 'clients show',
  method: 'GET',
  path: '/clients/{client_id}',
  scope: READ,
  summary: 'One client',
  params,
  answer: clientDocument,
  resource,
  run: async ({ db }, { params: { client_id: id } }) => presentClient(db.knex, await getClient(db.knex, id)),
});

export const createClientOperation = operation({
  id: 'clients.create',
  command: 'clients create',
  inFiles: 'clients[]',
  method: 'POST',
  path: '/clients',
  scope: WRITE,
  summary: 'Register a client; its secret is in the answer, this once',
  body: newClientDocument,
  status: 201,
  answer: registeredClientDocument,
  async run(context, { body, operator }) {
    requireWithinReach(operator, adminScopesOf(context.config, body));
    const { client, secret } = await createClient(context, { ...toNewClient(body), actor: operator.actor });
    return withSecret(await presentClient(context.db.knex, client), secret);
  },
});

export const updateClientOperation = operation({
  id: 'clients.update',
  command: 'clients update',
  inFiles: 'clients[]',
  method: 'PATCH',
  path: '/clients/{client_id}',
  scope: WRITE,
  summary: 'Change a client (RFC 7396); a first secret is in the answer, this once',
  params,
  body: clientChangesDocument,
  answer: registeredClientDocument,
  resource,
  async run(context, { params: { client_id: id }, body, operator }) {
    const before = await getReachableClient(context, operator, id);
    requireWithinReach(operator, adminScopesOf(context.config, body));
    const changes = toClientChanges(body, before);
    const { client, secret } = await updateClient(context, id, changes, operator.actor);
    return withSecret(await presentClient(context.db.knex, client), secret);
  },
});

export const disableClientOperation = operation({
  id: 'clients.disable',
  command: 'clients disable',
  inFiles: 'clients[].disabled',
  method: 'POST',
  path: '/clients/{client_id}/disable',
  scope: WRITE,
  summary: 'Refuse a client from now on, and end its tokens',
  params,
  answer: revokedDocument,
  async run(context, { params: { client_id: id }, operator }) {
    await getReachableClient(context, operator, id);
    return revokedMembers(await disableClient(context, id, operator.actor));
  },
});

export const enableClientOperation = operation({
  id: 'clients.enable',
  command: 'clients enable',
  inFiles: 'clients[].disabled',
  method: 'POST',
  path: '/clients/{client_id}/enable',
  scope: WRITE,
  summary: 'Serve a client again',
  params,
  answer: clientDocument,
  async run(context, { params: { client_id: id }, operator }) {
    await getReachableClient(context, operator, id);
    return presentClient(context.db.knex, await enableClient(context, id, operator.actor));
  },
});

export const deleteClientOperation = operation({
  id: 'clients.delete',
  command: 'clients delete',
  inFiles: 'clients[]',
  method: 'DELETE',
  path: '/clients/{client_id}',
  scope: WRITE,
  summary: 'Remove a client with everything that was issued to it',
  params,
  answer: revokedDocument,
  resource,
  async run(context, { params: { client_id: id }, operator }) {
    await getReachableClient(context, operator, id);
    return revokedMembers(await deleteClient(context, id, operator.actor));
  },
});

export const clientOperations: readonly Operation[] = [
  listClientsOperation,
  createClientOperation,
  showClientOperation,
  updateClientOperation,
  deleteClientOperation,
  disableClientOperation,
  enableClientOperation,
];

export async function presentClient(db: Queryable, client: ClientRecord): Promise<ClientDocument> {
  return clientToJson(client, await listApis(db));
}

/** RFC 7591 §3.2.1: 0 is a secret that does not expire. */
function withSecret(document: ClientDocument, secret: string | undefined) {
  return secret === undefined
    ? document
    : { ...document, client_secret: secret, client_secret_expires_at: 0 };
}

async function getClient(db: Queryable, id: string): Promise<ClientRecord> {
  const client = await findClient(db, id);
  if (!client) throw clientNotFound();
  return client;
}

/** One that can do nothing on the admin API that the operator could not. */
export async function getReachableClient(
  { db, config }: AdminContext,
  operator: Operator,
  id: string,
): Promise<ClientRecord> {
  const client = await getClient(db.knex, id);
  requireWithinReach(operator, adminScopesOf(config, client));
  return client;
}
