import { listRolesOperation } from '../admin/roles.ts';
import { perform } from '../admin/perform.ts';
import type { Screen } from './context.ts';
import { pageOf } from './list.ts';
import { audiencesOf } from './new-client.ts';
import { can } from './operator.ts';
import { show } from './show.ts';

export const roles: Screen = {
  path: '/roles',
  scope: 'admin:roles:read',
  entry: { group: 'People', label: 'Roles' },
  async get(context, visit) {
    const { given, query, pager } = pageOf(visit, ['api']);
    const audiences = await audiencesOf(context, visit);
    // An API that is not there any more has no roles either.
    const isKnown = given.api === undefined || audiences.includes(given.api);
    const asked = isKnown ? query : { limit: query.limit };
    const { document } = await perform(context, listRolesOperation, { query: asked }, visit.operator);
    show(context, visit, 'console-roles', {
      api: isKnown ? (given.api ?? '') : '',
      audiences,
      roles: document.roles.map((role) => ({
        id: role.id,
        name: role.name,
        audience: role.api ?? '',
        description: role.description,
        scopes: role.scopes,
        isBuiltIn: role.built_in,
      })),
      pager: pager(document.next),
      mayWrite: can(visit.operator, 'admin:roles:write'),
    });
  },
};
