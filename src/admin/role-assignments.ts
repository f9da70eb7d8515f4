import { z } from 'zod';

import { findClient } from '../clients/store.ts';
import { identifier } from '../documents/document.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { assignmentDocument, assignmentToJson } from '../documents/role.ts';
import { AppError } from '../errors.ts';
import { unassignRole } from '../revocation/unassign-role.ts';
import { assignRole } from '../roles/assign-role.ts';
import { listAssignments } from '../roles/assignment-store.ts';
import type { Subject } from '../roles/role.ts';
import { refuseBeyond } from '../roles/rules.ts';
import { cut, toTextCursor } from '../documents/page.ts';
import { operation, pageOf, textPageQuery, pathId } from './define.ts';
import { allowedScopesOf, getRole } from './get-role.ts';
import { keepAnOwner } from './keep-an-owner.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:roles:read';
const WRITE = 'admin:roles:write';
const params = pathId('role_id');

export const listAssignmentsOperation = operation({
  id: 'roles.assignments',
  command: 'roles show',
  method: 'GET',
  path: '/roles/{role_id}/assignments',
  scope: READ,
  summary: 'Who has a role',
  params,
  query: textPageQuery,
  answer: pageOf('assignments', assignmentDocument),
  async run(context, { params: { role_id: roleId }, query: { limit, after } }) {
    await getRole(context, roleId);
    const found = await listAssignments(context.db.knex, { roleId, after, limit: limit + 1 });
    const { items, next } = cut(found, limit, ({ id }) => toTextCursor(id));
    return { assignments: items.map(assignmentToJson), next };
  },
});

export const giveRoleOperation = operation({
  id: 'roles.give',
  command: 'roles give',
  inFiles: 'clients[].roles',
  method: 'POST',
  path: '/roles/{role_id}/assignments',
  scope: WRITE,
  summary: 'Give a role to a person or a client; it counts from the next token on',
  params,
  body: z.union([
    z.strictObject({ account_id: identifier }),
    z.strictObject({ client_id: identifier.describe('For when it acts for itself') }),
  ]),
  answer: z.strictObject({ given: z.boolean().describe('false: they had it') }),
  async run(context, { params: { role_id: roleId }, body, operator }) {
    const allowedScopes = allowedScopesOf(operator, await getRole(context, roleId));
    const subject: Subject =
      'account_id' in body ? { accountId: body.account_id } : { clientId: body.client_id };
    return {
      given: await assignRole(context, { roleId, subject, allowedScopes, actor: operator.actor }),
    };
  },
});

export const takeRoleOperation = operation({
  id: 'roles.take',
  command: 'roles take',
  inFiles: 'clients[].roles',
  method: 'DELETE',
  path: '/roles/{role_id}/assignments/{holder_id}',
  scope: WRITE,
  summary:
    'Take a role that an operator gave from a person or a client; tokens that carry what they lose die',
  params: params.extend({ holder_id: identifier.describe('Of an account or a client') }),
  answer: revokedDocument,
  async run(context, { params: { role_id: roleId, holder_id: id }, operator }) {
    const role = await getRole(context, roleId);
    refuseBeyond(role.scopes, allowedScopesOf(operator, role));
    // One space of ids for both.
    const isClient = (await findClient(context.db.knex, id)) !== undefined;
    const subject: Subject = isClient ? { clientId: id } : { accountId: id };
    const loss = { roleId, subject, actor: operator.actor };
    const revoked = await keepAnOwner(context, () => unassignRole(context, loss));
    if (revoked) return revokedMembers(revoked);
    throw new AppError('role_not_given', 'They do not have this role from an operator.', { status: 404 });
  },
});

export const roleAssignmentOperations: readonly Operation[] = [
  listAssignmentsOperation,
  giveRoleOperation,
  takeRoleOperation,
];
