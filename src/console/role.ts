import type { RoleHolder } from '../../views/locals/console-access.ts';
import { listAssignmentsOperation } from '../admin/role-assignments.ts';
import { showRoleOperation } from '../admin/roles.ts';
import { perform } from '../admin/perform.ts';
import { findApiByAudience } from '../resources/store.ts';
import type { ConsoleContext, Screen, Visit } from './context.ts';
import { configuration } from './equivalents.ts';
import { formOf, words } from './form.ts';
import { pageOf } from './list.ts';
import { namesOf } from './names.ts';
import { can } from './operator.ts';
import { idsOf, partyOf } from './party.ts';
import { roleActions } from './role-actions.ts';
import { carriedScopes, roleCommand, roleSettings } from './role-form.ts';
import { show } from './show.ts';

const LABELS = { name: 'Name', description: 'Description', scopes: 'Scopes' } as const;

export const role: Screen = {
  path: '/roles/:id',
  scope: 'admin:roles:read',
  within: '/roles',
  async get(context, visit) {
    const { id, operator, fields, refusal } = visit;
    const { document } = await perform(context, showRoleOperation, { params: { role_id: id } }, operator);
    const { name, description, api: audience } = document;
    const api = audience === null ? undefined : await findApiByAudience(context.db.knex, audience);
    const stored = { name, description, scopes: document.scopes.join(' ') };
    const typed = 'name' in fields ? { ...fields, scopes: roleSettings(fields).scopes.join(' ') } : fields;
    const form = formOf({ fields: typed, refusal }, document, stored, LABELS);
    const carried = words(form.values['scopes']);
    const settings = { api: audience ?? '', name, description, scopes: document.scopes };
    show(context, visit, 'console-role', {
      id,
      name,
      audience: audience ?? '',
      apiId: api?.id,
      isEnforced: api?.enforcesRoles ?? false,
      isBuiltIn: document.built_in,
      description,
      createdAt: new Date(document.created_at),
      form,
      scopes: api ? carriedScopes(api, carried) : [],
      who: fields['who'] ?? '',
      ...(await holdersOf(context, visit)),
      equivalent: {
        command: roleCommand(name, settings),
        configuration: configuration('roles', settings),
      },
      mayWrite: can(operator, 'admin:roles:write'),
    });
  },
  actions: roleActions,
};

async function holdersOf(context: ConsoleContext, visit: Visit) {
  const { query, pager } = pageOf(visit, []);
  const asked = { params: { role_id: visit.id }, query };
  const { document } = await perform(context, listAssignmentsOperation, asked, visit.operator);
  const rows = document.assignments.map((one) => ({
    ...one,
    actor: one.client_id === undefined ? `account:${one.account_id}` : `client:${one.client_id}`,
  }));
  const names = await namesOf(context, visit, idsOf(rows.flatMap(({ actor, given_by: by }) => [actor, by])));
  const holders = rows.map((row): RoleHolder => ({
    id: row.client_id ?? row.account_id ?? '',
    isClient: row.client_id !== undefined,
    party: partyOf(row.actor, names),
    source: row.source,
    givenAt: new Date(row.given_at),
    givenBy: partyOf(row.given_by, names),
  }));
  return { holders, pager: pager(document.next) };
}
