import { z } from 'zod';

import { clientNotFound } from '../clients/not-found.ts';
import { findClient } from '../clients/store.ts';
import { text } from '../documents/document.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import {
  givenRoleDocument,
  givenRoleToJson,
  newRoleDocument,
  roleChangesDocument,
  roleDocument,
  roleToJson,
} from '../documents/role.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { findApiByAudience, listApis } from '../resources/store.ts';
import { deleteRole } from '../revocation/delete-role.ts';
import { updateRole } from '../revocation/update-role.ts';
import { rolesOf } from '../roles/assignment-store.ts';
import { createRole } from '../roles/create-role.ts';
import { findRole, listRoles, lockRole } from '../roles/store.ts';
import type { AdminContext } from './context.ts';
import { cut, toTextCursor } from '../documents/page.ts';
import { operation, pageOf, textPageQuery, pathId } from './define.ts';
import { getAccount } from './get-account.ts';
import { allowedScopesOf, getRole, presentRole } from './get-role.ts';
import type { Operation, Resource } from './operation.ts';

const READ = 'admin:roles:read';
const WRITE = 'admin:roles:write';
const params = pathId('role_id');

const resource: Resource = {
  lock: (tx, id) => lockRole(tx, id),
  async read(context, id) {
    const role = await findRole(context.db.knex, id);
    return role && presentRole(context, role);
  },
};

export const listRolesOperation = operation({
  id: 'roles.list',
  command: 'roles list',
  method: 'GET',
  path: '/roles',
  scope: READ,
  summary: 'Roles of every API, or of one',
  query: textPageQuery.extend({ api: text.optional().describe('Audience of an API') }),
  answer: pageOf('roles', roleDocument),
  async run(context, { query: { limit, after, api } }) {
    const apiId = api === undefined ? undefined : await apiIdOf(context, api);
    const found = await listRoles(context.db.knex, { apiId, after, limit: limit + 1 });
    const { items, next } = cut(found, limit, ({ id }) => toTextCursor(id));
    const audiences = new Map((await listApis(context.db.knex)).map(({ id, audience }) => [id, audience]));
    return { roles: items.map((role) => roleToJson(role, audiences.get(role.apiId) ?? null)), next };
  },
});

export const createRoleOperation = operation({
  id: 'roles.create',
  command: 'roles create',
  inFiles: 'roles[]',
  method: 'POST',
  path: '/roles',
  scope: WRITE,
  summary: 'Make a role that carries scopes of an API',
  body: newRoleDocument,
  status: 201,
  answer: roleDocument,
  async run(context, { body: { api, ...role }, operator }) {
    const apiId = await apiIdOf(context, api);
    const allowedScopes = allowedScopesOf(operator, { apiId });
    return roleToJson(
      await createRole(context, { ...role, apiId, allowedScopes, actor: operator.actor }),
      api,
    );
  },
});

export const showRoleOperation = operation({
  id: 'roles.show',
  command: 'roles show',
  method: 'GET',
  path: '/roles/{role_id}',
  scope: READ,
  summary: 'One role',
  params,
  answer: roleDocument,
  resource,
  run: async (context, { params: { role_id: id } }) => presentRole(context, await getRole(context, id)),
});

export const updateRoleOperation = operation({
  id: 'roles.update',
  command: 'roles update',
  inFiles: 'roles[]',
  method: 'PATCH',
  path: '/roles/{role_id}',
  scope: WRITE,
  summary: 'Change a role; where it loses scopes, the tokens of who has it die',
  params,
  body: roleChangesDocument,
  answer: roleDocument,
  resource,
  async run(context, { params: { role_id: id }, body, operator }) {
    const allowedScopes = allowedScopesOf(operator, await getRole(context, id));
    const { role } = await updateRole(context, id, body, { actor: operator.actor, allowedScopes });
    return presentRole(context, role);
  },
});

export const deleteRoleOperation = operation({
  id: 'roles.delete',
  command: 'roles delete',
  inFiles: 'roles[]',
  method: 'DELETE',
  path: '/roles/{role_id}',
  scope: WRITE,
  summary: 'Take a role from everybody, and forget it',
  params,
  answer: revokedDocument,
  resource,
  async run(context, { params: { role_id: id }, operator }) {
    const allowedScopes = allowedScopesOf(operator, await getRole(context, id));
    return revokedMembers(await deleteRole(context, id, { actor: operator.actor, allowedScopes }));
  },
});

const given = z.strictObject({ roles: z.array(givenRoleDocument) });

export const listUserRolesOperation = operation({
  id: 'users.roles',
  command: 'users show',
  method: 'GET',
  path: '/users/{user_id}/roles',
  scope: READ,
  summary: 'What roles a person has, and whose word that is',
  params: pathId('user_id'),
  answer: given,
  async run(context, { params: { user_id: accountId } }) {
    await getAccount(context, accountId);
    return { roles: (await rolesOf(context.db.knex, { accountId })).map(givenRoleToJson) };
  },
});

export const listClientRolesOperation = operation({
  id: 'clients.roles',
  command: 'clients show',
  method: 'GET',
  path: '/clients/{client_id}/roles',
  scope: READ,
  summary: 'What roles a client has for when it acts for itself',
  params: pathId('client_id'),
  answer: given,
  async run({ db }, { params: { client_id: clientId } }) {
    if (!(await findClient(db.knex, clientId))) throw clientNotFound();
    return { roles: (await rolesOf(db.knex, { clientId })).map(givenRoleToJson) };
  },
});

export const roleOperations: readonly Operation[] = [
  listRolesOperation,
  createRoleOperation,
  showRoleOperation,
  updateRoleOperation,
  deleteRoleOperation,
  listUserRolesOperation,
  listClientRolesOperation,
];

async function apiIdOf({ db }: AdminContext, audience: string): Promise<string> {
  const api = await findApiByAudience(db.knex, audience);
  if (!api) throw apiNotFound();
  return api.id;
}
