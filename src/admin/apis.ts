import type { z } from 'zod';

import {
  apiChangesDocument,
  apiDocument,
  apiToJson,
  newApiDocument,
  toApiChanges,
  toNewApi,
} from '../documents/api.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import type { Queryable } from '../db/database.ts';
import type { Api } from '../resources/api.ts';
import { createApi } from '../resources/create-api.ts';
import { enableApi } from '../resources/enable-api.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { findApi, listApis, lockApi } from '../resources/store.ts';
import { selectApis } from '../resources/select-apis.ts';
import { updateApi } from '../resources/update-api.ts';
import { deleteApi } from '../revocation/delete-api.ts';
import { disableApi } from '../revocation/disable-api.ts';
import { enforceRoles } from '../revocation/enforce-roles.ts';
import { removeScopes } from '../revocation/remove-scopes.ts';
import { cut, toTextCursor } from '../documents/page.ts';
import { operation, pageOf, pathId, textSearchQuery } from './define.ts';
import type { Operation, Resource } from './operation.ts';

const READ = 'admin:apis:read';
const WRITE = 'admin:apis:write';
const params = pathId('api_id');

const resource: Resource = {
  lock: (tx, id) => lockApi(tx, id),
  async read({ db }, id) {
    const api = await findApi(db.knex, id);
    return api && apiToJson(api);
  },
};

export const listApisOperation = operation({
  id: 'apis.list',
  command: 'apis list',
  method: 'GET',
  path: '/apis',
  scope: READ,
  summary: 'APIs by their audience',
  query: textSearchQuery,
  answer: pageOf('apis', apiDocument),
  async run({ db }, { query: { limit, after, search } }) {
    const found = selectApis(await listApis(db.knex), { search, after });
    const { items, next } = cut(found, limit, ({ audience }) => toTextCursor(audience));
    return { apis: items.map(apiToJson), next };
  },
});

export const showApiOperation = operation({
  id: 'apis.show',
  command: 'apis show',
  method: 'GET',
  path: '/apis/{api_id}',
  scope: READ,
  summary: 'One API',
  params,
  answer: apiDocument,
  resource,
  run: async ({ db }, { params: { api_id: id } }) => apiToJson(await getApi(db.knex, id)),
});

export const createApiOperation = operation({
  id: 'apis.create',
  command: 'apis create',
  inFiles: 'apis[]',
  method: 'POST',
  path: '/apis',
  scope: WRITE,
  summary: 'Register an API',
  body: newApiDocument,
  status: 201,
  answer: apiDocument,
  async run(context, { body, operator: { actor } }) {
    const defaults = { tokenTtlSeconds: context.config.tokens.accessTtlSeconds };
    return apiToJson(await createApi(context, { ...toNewApi(body, defaults), actor }));
  },
});

export const updateApiOperation = operation({
  id: 'apis.update',
  command: 'apis update',
  inFiles: 'apis[]',
  method: 'PATCH',
  path: '/apis/{api_id}',
  scope: WRITE,
  summary: 'Change an API (RFC 7396); scopes that are not in the list are taken away',
  params,
  body: apiChangesDocument,
  answer: apiDocument,
  resource,
  async run(context, { params: { api_id: id }, body, operator: { actor } }) {
    const before = await getApi(context.db.knex, id);
    const gone = missingScopes(before, body);
    if (gone.length > 0) await removeScopes(context, id, gone, actor);
    if (body.enforces_roles !== undefined) await enforceRoles(context, id, body.enforces_roles, actor);
    return apiToJson(await updateApi(context, id, toApiChanges(body), actor));
  },
});

export const disableApiOperation = operation({
  id: 'apis.disable',
  command: 'apis disable',
  inFiles: 'apis[].disabled',
  method: 'POST',
  path: '/apis/{api_id}/disable',
  scope: WRITE,
  summary: 'Issue nothing for an API from now on, and end its tokens',
  params,
  answer: revokedDocument,
  run: async (context, { params: { api_id: id }, operator: { actor } }) =>
    revokedMembers(await disableApi(context, id, actor)),
});

export const enableApiOperation = operation({
  id: 'apis.enable',
  command: 'apis enable',
  inFiles: 'apis[].disabled',
  method: 'POST',
  path: '/apis/{api_id}/enable',
  scope: WRITE,
  summary: 'Issue tokens for an API again',
  params,
  answer: apiDocument,
  run: async (context, { params: { api_id: id }, operator: { actor } }) =>
    apiToJson(await enableApi(context, id, actor)),
});

export const deleteApiOperation = operation({
  id: 'apis.delete',
  command: 'apis delete',
  inFiles: 'apis[]',
  method: 'DELETE',
  path: '/apis/{api_id}',
  scope: WRITE,
  summary: 'Remove an API, and end its tokens',
  params,
  answer: revokedDocument,
  resource,
  run: async (context, { params: { api_id: id }, operator: { actor } }) =>
    revokedMembers(await deleteApi(context, id, actor)),
});

export const apiOperations: readonly Operation[] = [
  listApisOperation,
  createApiOperation,
  showApiOperation,
  updateApiOperation,
  deleteApiOperation,
  disableApiOperation,
  enableApiOperation,
];

async function getApi(db: Queryable, id: string): Promise<Api> {
  const api = await findApi(db, id);
  if (!api) throw apiNotFound();
  return api;
}

function missingScopes(before: Api, { scopes }: z.output<typeof apiChangesDocument>): string[] {
  const kept = new Set(scopes?.map(({ name }) => name));
  return scopes ? before.scopes.map(({ name }) => name).filter((name) => !kept.has(name)) : [];
}
