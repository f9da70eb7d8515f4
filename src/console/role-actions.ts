import { findAccount, findAccountByIdentifier } from '../accounts/store.ts';
import { giveRoleOperation, takeRoleOperation } from '../admin/role-assignments.ts';
import { deleteRoleOperation, showRoleOperation, updateRoleOperation } from '../admin/roles.ts';
import { perform } from '../admin/perform.ts';
import { findClient } from '../clients/store.ts';
import { httpError } from '../http/errors.ts';
import type { Action, ConsoleContext, Done, Visit } from './context.ts';
import { command, equivalent } from './equivalents.ts';
import { filled, seen } from './form.ts';
import { roleCommand, roleSettings } from './role-form.ts';
import { endedInWords } from './words.ts';

/** What gives somebody more asks for a fresh sign-in; what takes does not. */
export const roleActions: Readonly<Record<string, Action>> = {
  save: { run: save, fresh: true },
  give: { run: give, fresh: true },
  take: { run: take },
  delete: { run: remove, fresh: true },
};

async function save(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  const before = await read(context, visit);
  const body = roleSettings(fields);
  const asked = { params: { role_id: id }, body, ...seen(visit) };
  const { document } = await perform(context, updateRoleOperation, asked, operator);
  const { name, description, scopes } = document;
  const settings = { api: before.api, name, description, scopes };
  return {
    to: `/roles/${id}`,
    notice: { message: 'Saved.', ...equivalent(roleCommand(before.name, settings), 'roles', settings) },
  };
}

async function give(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  const { name, api } = await read(context, visit);
  const who = await findHolder(context, filled(fields['who']) ?? '');
  const asked = { params: { role_id: id }, body: who.body };
  const { document } = await perform(context, giveRoleOperation, asked, operator);
  const message = document.given
    ? `${who.label} has the role, from the next token on.`
    : `${who.label} had it.`;
  const line = command(`roles give ${name}`, ['--api', api], who.option);
  return { to: `/roles/${id}`, notice: { message, command: line } };
}

async function take(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  const { name, api } = await read(context, visit);
  const holder = fields['holder'] ?? '';
  const params = { role_id: id, holder_id: holder };
  const { document } = await perform(context, takeRoleOperation, { params }, operator);
  const option = fields['client'] === 'on' ? '--client' : '--user';
  const message = `${holder} does not have the role from an operator any more, ${endedInWords(document)}`;
  return {
    to: `/roles/${id}`,
    notice: { message, command: command(`roles take ${name}`, ['--api', api], [option, holder]) },
  };
}

async function remove(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  const { name, api } = await read(context, visit);
  if (fields['confirmation'] !== name) {
    throw httpError('invalid_request', 'To delete the role, type its name.');
  }
  const asked = { params: { role_id: id }, ...seen(visit) };
  const { document } = await perform(context, deleteRoleOperation, asked, operator);
  const message = `The role ${name} is deleted, ${endedInWords(document)}`;
  return { to: '/roles', notice: { message, command: command(`roles delete ${name}`, ['--api', api]) } };
}

async function read(
  context: ConsoleContext,
  { id, operator }: Visit,
): Promise<{ name: string; api: string }> {
  const { document } = await perform(context, showRoleOperation, { params: { role_id: id } }, operator);
  return { name: document.name, api: document.api ?? '' };
}

/** A person by what they sign in with or their id, a client by its id: the ids of both are of one space. */
async function findHolder({ db }: ConsoleContext, typed: string) {
  const account = (await findAccountByIdentifier(db.knex, typed)) ?? (await findAccount(db.knex, typed));
  if (account) {
    const label = account.email ?? account.username ?? account.id;
    return { label, body: { account_id: account.id }, option: ['--user', label] as const };
  }
  const client = await findClient(db.knex, typed);
  if (client)
    return { label: client.id, body: { client_id: client.id }, option: ['--client', client.id] as const };
  throw httpError(
    'invalid_request',
    'There is nobody with this e-mail address, username or id, and no such client.',
  );
}
