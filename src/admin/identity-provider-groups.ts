import { z } from 'zod';

import { groupRoleDocument, groupRoleToJson, newGroupRoleDocument } from '../documents/group-role.ts';
import { AppError } from '../errors.ts';
import { listGroupRoles } from '../roles/group-store.ts';
import { mapGroup, unmapGroup } from '../roles/map-group.ts';
import { refuseBeyond } from '../roles/rules.ts';
import { operation, pathId } from './define.ts';
import { allowedScopesOf, getRole } from './get-role.ts';
import { getProvider } from './identity-providers.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:identity-providers:read';
const WRITE = 'admin:identity-providers:write';
const path = '/identity-providers/{identity_provider_id}/groups';
const params = pathId('identity_provider_id');

export const listGroupsOperation = operation({
  id: 'identity-providers.groups',
  command: 'identity-providers groups',
  method: 'GET',
  path,
  scope: READ,
  summary: 'What roles the groups there are worth here',
  params,
  answer: z.strictObject({ groups: z.array(groupRoleDocument) }),
  async run(context, { params: { identity_provider_id: name } }) {
    const { id } = await getProvider(context, name);
    return { groups: (await listGroupRoles(context.db.knex, id)).map(groupRoleToJson) };
  },
});

export const mapGroupOperation = operation({
  id: 'identity-providers.map-group',
  command: 'identity-providers map-group',
  inFiles: 'identity_providers[].groups',
  method: 'POST',
  path,
  scope: WRITE,
  summary: 'Give a role to whoever is in a group there, from their next sign-in on',
  params,
  body: newGroupRoleDocument,
  answer: z.strictObject({ added: z.boolean().describe('false: it was so before') }),
  async run(context, { params: { identity_provider_id: name }, body, operator }) {
    const provider = await getProvider(context, name);
    const allowedScopes = allowedScopesOf(operator, await getRole(context, body.role_id));
    const mapping = { providerId: provider.id, group: body.group, roleId: body.role_id };
    return { added: await mapGroup(context, { ...mapping, allowedScopes, actor: operator.actor }) };
  },
});

export const unmapGroupOperation = operation({
  id: 'identity-providers.unmap-group',
  command: 'identity-providers unmap-group',
  inFiles: 'identity_providers[].groups',
  method: 'DELETE',
  path,
  scope: WRITE,
  summary: 'Let a group be worth a role no more; whoever has it by it keeps it until they sign in again',
  params,
  query: newGroupRoleDocument,
  status: 204,
  answer: z.null(),
  async run(context, { params: { identity_provider_id: name }, query, operator }) {
    const provider = await getProvider(context, name);
    const role = await getRole(context, query.role_id);
    refuseBeyond(role.scopes, allowedScopesOf(operator, role));
    const mapping = { providerId: provider.id, group: query.group, roleId: role.id };
    if (await unmapGroup(context, { ...mapping, actor: operator.actor })) return null;
    throw new AppError('group_not_mapped', 'The group is not worth this role.', { status: 404 });
  },
});

export const identityProviderGroupOperations: readonly Operation[] = [
  listGroupsOperation,
  mapGroupOperation,
  unmapGroupOperation,
];
