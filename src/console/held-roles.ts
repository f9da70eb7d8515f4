import type { HeldRoles } from '../../views/locals/console-access.ts';
import { giveRoleOperation, takeRoleOperation } from '../admin/role-assignments.ts';
import { showRoleOperation } from '../admin/roles.ts';
import { perform } from '../admin/perform.ts';
import { rolesOf } from '../roles/assignment-store.ts';
import type { Subject } from '../roles/role.ts';
import type { Action, ConsoleContext, Done, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { roleChoices } from './role-choices.ts';
import { can } from './operator.ts';
import { endedInWords } from './words.ts';

/** The roles that a person or a client has, as their own page shows, gives and takes them. */
export type Holder = 'user' | 'client';

const PATHS = { user: '/users', client: '/clients' } as const;

/** undefined: not for this operator's eyes. */
export async function heldRoles(
  context: ConsoleContext,
  { operator, id }: Visit,
  holder: Holder,
): Promise<HeldRoles | undefined> {
  if (!can(operator, 'admin:roles:read')) return undefined;
  const subject: Subject = holder === 'user' ? { accountId: id } : { clientId: id };
  const held = await rolesOf(context.db.knex, subject);
  const mayWrite = can(operator, 'admin:roles:write');
  const fromOperators = new Set(
    held.filter(({ source }) => source === 'operator').map(({ roleId }) => roleId),
  );
  return {
    path: `/console${PATHS[holder]}/${encodeURIComponent(id)}`,
    held: held.map(({ roleId, name, audience, source, givenAt }) => ({
      id: roleId,
      name,
      audience,
      providerId: source === 'operator' ? undefined : source.replace('identity-provider:', ''),
      givenAt,
    })),
    choices: mayWrite
      ? (await roleChoices(context)).filter(({ id: roleId }) => !fromOperators.has(roleId))
      : [],
    mayWrite,
  };
}

/** Giving asks for a fresh sign-in, taking does not. */
export function heldRoleActions(holder: Holder): Readonly<Record<string, Action>> {
  return {
    'give-role': { run: (context, visit) => give(context, visit, holder), fresh: true },
    'take-role': { run: (context, visit) => take(context, visit, holder) },
  };
}

async function give(context: ConsoleContext, visit: Visit, holder: Holder): Promise<Done> {
  const { id, operator } = visit;
  const params = { role_id: visit.fields['role'] ?? '' };
  const body = holder === 'user' ? { account_id: id } : { client_id: id };
  const role = await read(context, visit);
  const { document } = await perform(context, giveRoleOperation, { params, body }, operator);
  const message = document.given
    ? `The role ${role.name} is given; it counts from the next token on.`
    : `They had the role ${role.name}.`;
  return said(visit, holder, { verb: 'give', message, ...role });
}

async function take(context: ConsoleContext, visit: Visit, holder: Holder): Promise<Done> {
  const { id, operator } = visit;
  const params = { role_id: visit.fields['role'] ?? '', holder_id: id };
  const role = await read(context, visit);
  const { document } = await perform(context, takeRoleOperation, { params }, operator);
  const message = `The role ${role.name} is taken, ${endedInWords(document)}`;
  return said(visit, holder, { verb: 'take', message, ...role });
}

async function read(
  context: ConsoleContext,
  { fields, operator }: Visit,
): Promise<{ readonly name: string; readonly api: string }> {
  const params = { role_id: fields['role'] ?? '' };
  const { document } = await perform(context, showRoleOperation, { params }, operator);
  return { name: document.name, api: document.api ?? '' };
}

function said(
  { id }: Visit,
  holder: Holder,
  { verb, message, name, api }: { verb: 'give' | 'take'; message: string; name: string; api: string },
): Done {
  const line = command(`roles ${verb} ${name}`, ['--api', api], [`--${holder}`, id]);
  return { to: `${PATHS[holder]}/${encodeURIComponent(id)}`, notice: { message, command: line } };
}
