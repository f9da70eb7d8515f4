import { z } from 'zod';

import { AppError } from '../errors.ts';
import { listGroupRoles } from '../roles/group-store.ts';
import { mapGroup, unmapGroup } from '../roles/map-group.ts';
import { roleNotFound } from '../roles/not-found.ts';
import { findRoleByName } from '../roles/store.ts';
import { groupsAttributeOf } from '../upstream/mapping.ts';
import { ACTOR } from './actor.ts';
import { getApiByName } from './api-actions.ts';
import type { CommandContext } from './context.ts';
import { getProvider } from './identity-provider-actions.ts';
import { table } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';

export const map: Action = async (context, { args, options }) => {
  const { mapping, json, words } = await readMapping(context, args, options);
  const added = await mapGroup(context, { ...mapping, actor: ACTOR });
  return { json: { ...json, added }, text: `${words} has the role, from the next sign-in on.` };
};

export const unmap: Action = async (context, { args, options }) => {
  const { mapping, json, words } = await readMapping(context, args, options);
  if (!(await unmapGroup(context, { ...mapping, actor: ACTOR }))) {
    throw new AppError('group_not_mapped', 'The group is not worth this role.', { status: 404 });
  }
  return { json, text: `${words} has the role no more, from the next sign-in on.` };
};

export const list: Action = async (context, { args }) => {
  const provider = await getProvider(context, args);
  const mapped = await listGroupRoles(context.db.knex, provider.id);
  const rows = mapped.map(({ group, role, audience }) => [group, role, audience]);
  return {
    json: {
      groups_attribute: groupsAttributeOf(provider),
      groups: mapped.map(({ group, role, audience }) => ({ group, role, api: audience })),
    },
    text: rows.length === 0 ? 'Its groups are worth nothing here.' : table(['GROUP', 'ROLE', 'API'], rows),
  };
};

async function readMapping({ db }: Pick<CommandContext, 'db'>, args: readonly string[], given: unknown) {
  const options = parseOptions(z.object({ api: z.string(), role: z.string() }), given);
  const provider = await getProvider({ db }, args);
  const group = parseArgument(args, 1, 'group');
  const api = await getApiByName(db.knex, options.api);
  const role = await findRoleByName(db.knex, { apiId: api.id, name: options.role });
  if (!role) throw roleNotFound();
  return {
    mapping: { providerId: provider.id, group, roleId: role.id },
    json: { slug: provider.slug, group, role: role.name, api: api.audience },
    words: `Whoever is in ${group} at ${provider.name}`,
  };
}
