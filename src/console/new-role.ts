import { createRoleOperation } from '../admin/roles.ts';
import { perform } from '../admin/perform.ts';
import { findApiByAudience } from '../resources/store.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { equivalent } from './equivalents.ts';
import { textOf } from './list.ts';
import { audiencesOf } from './new-client.ts';
import { carriedScopes, newRoleCommand, roleSettings } from './role-form.ts';
import { show } from './show.ts';

const EXAMPLE = {
  api: 'https://api.example.com/orders',
  name: 'clerk',
  description: 'Takes orders',
  scopes: ['orders:read', 'orders:write'],
};

export const newRole: Screen = {
  path: '/new-role',
  scope: 'admin:roles:write',
  within: '/roles',
  async get(context, visit) {
    const audience = textOf(visit.fields['api'] ?? visit.ctx.query['api']);
    const api = audience === undefined ? undefined : await findApiByAudience(context.db.knex, audience);
    const { name, description = '', scopes } = roleSettings(visit.fields);
    show(context, visit, 'console-new-role', {
      audience: api?.audience,
      audiences: await audiencesOf(context, visit),
      values: { name, description },
      scopes: api ? carriedScopes(api, scopes) : [],
      equivalent: equivalent(newRoleCommand(EXAMPLE), 'roles', EXAMPLE),
    });
  },
  actions: { create: { run: create, fresh: true } },
};

async function create(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const body = { api: fields['api'] ?? '', ...roleSettings(fields) };
  const { document } = await perform(context, createRoleOperation, { body }, operator);
  return {
    to: `/roles/${document.id}`,
    notice: {
      message: 'The role is made. Nobody has it yet.',
      ...equivalent(newRoleCommand(body), 'roles', body),
    },
  };
}
