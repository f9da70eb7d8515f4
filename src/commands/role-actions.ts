import { z } from 'zod';

import { clientNotFound } from '../clients/not-found.ts';
import { findClient } from '../clients/store.ts';
import { listApis } from '../resources/store.ts';
import { deleteRole } from '../revocation/delete-role.ts';
import { unassignRole } from '../revocation/unassign-role.ts';
import { updateRole } from '../revocation/update-role.ts';
import { assignRole } from '../roles/assign-role.ts';
import { countAssignments, listAssignments } from '../roles/assignment-store.ts';
import { createRole } from '../roles/create-role.ts';
import { roleNotFound } from '../roles/not-found.ts';
import type { Role, Subject } from '../roles/role.ts';
import { findRole, findRoleByName, listRoles } from '../roles/store.ts';
import { AppError } from '../errors.ts';
import { cut, toTextCursor } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { getApiByName } from './api-actions.ts';
import { COMMAND } from './command-name.ts';
import type { CommandContext } from './context.ts';
import { fields, moment, paragraphs, table, type Outcome } from './outcome.ts';
import { textPageOptions, parseArgument, parseOptions, texts } from './parse.ts';
import { assignmentToJson, roleToJson } from '../documents/role.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { partyInWords } from '../inspection/cause.ts';
import { findClientParty, findPersonParty } from '../inspection/surroundings.ts';
import { UsageError } from './usage-error.ts';
import { getUserByName } from './user-actions.ts';

const created = z.object({ api: z.string(), scope: texts, description: z.string().optional() });

export const create: Action = async (context, { args, options }) => {
  const { api: audience, scope, description } = parseOptions(created, options);
  const api = await getApiByName(context.db.knex, audience);
  const name = parseArgument(args, 0, 'name');
  const role = await createRole(context, { apiId: api.id, name, scopes: scope, description, actor: ACTOR });
  const next = api.enforcesRoles
    ? `Next, somebody who has it:\n  ${COMMAND} roles give ${role.name} --api ${api.audience} --user <e-mail>`
    : `The API does not enforce roles yet:\n  ${COMMAND} apis update ${api.audience} --enforce-roles`;
  return shown(context, 'The role is made.', role, next);
};

const listed = textPageOptions.omit({ search: true }).extend({ api: z.string().optional() });

export const list: Action = async ({ db }, { options }) => {
  const { api, limit, after } = parseOptions(listed, options);
  const apiId = api === undefined ? undefined : (await getApiByName(db.knex, api)).id;
  const { items, next } = cut(await listRoles(db.knex, { apiId, after, limit: limit + 1 }), limit, ({ id }) =>
    toTextCursor(id),
  );
  const apis = await listApis(db.knex);
  const audienceOf = (role: Role) => apis.find(({ id }) => id === role.apiId)?.audience ?? '';
  const rows = items.map((role) => [audienceOf(role), role.name, role.scopes.join(' '), role.description]);
  const none = `No roles. Make one with: ${COMMAND} roles create <name> --api <audience> --scope <name>`;
  return {
    json: { roles: items.map((role) => roleToJson(role, audienceOf(role))), next },
    text: paragraphs(
      items.length === 0 ? none : table(['API', 'NAME', 'SCOPES', 'DESCRIPTION'], rows),
      next !== null && `More: ${COMMAND} roles list --after ${next}`,
    ),
  };
};

export const show: Action = async (context, { args, options }) => {
  const { limit, after } = parseOptions(listed, options);
  const { db } = context;
  const role = await getRole(context, args, options);
  const page = await listAssignments(db.knex, { roleId: role.id, after, limit: limit + 1 });
  const { items, next } = cut(page, limit, ({ id }) => toTextCursor(id));
  const rows: string[][] = [];
  for (const { subject, source, givenAt } of items)
    rows.push([await subjectInWords(context, subject), source, moment(givenAt)]);
  const outcome = await shown(context, undefined, role);
  const total = await countAssignments(db.knex, role.id);
  return {
    json: { ...Object(outcome.json), holders: total, assignments: items.map(assignmentToJson), next },
    text: paragraphs(
      outcome.text,
      rows.length > 0 ? table(['WHO', 'GIVEN BY', 'SINCE'], rows) : 'Nobody has it.',
      next !== null && `More: ${COMMAND} roles show ${role.id} --after ${next}`,
    ),
  };
};

const updated = z.object({
  name: z.string().optional(),
  description: z.string().optional(),
  scope: z.array(z.string()).optional(),
  scopes: z.boolean().default(true),
});

export const update: Action = async (context, { args, options }) => {
  const { name, description, scope, scopes } = parseOptions(updated, options);
  if (!scopes && scope) throw new UsageError('--scope and --no-scopes contradict each other.');
  const { id } = await getRole(context, args, options);
  const changes = { name, description, scopes: scopes ? scope : [] };
  const { role, revoked } = await updateRole(context, id, changes, { actor: ACTOR });
  const outcome = await shown(context, `The role is updated, ${endedInWords(revoked)}`, role);
  return { ...outcome, json: { ...Object(outcome.json), ...revokedMembers(revoked) } };
};

export const remove: Action = async (context, { args, options }) => {
  const { id, name } = await getRole(context, args, options);
  const revoked = await deleteRole(context, id, { actor: ACTOR });
  return {
    json: { id, name, ...revokedMembers(revoked) },
    text: `The role ${name} is deleted, ${endedInWords(revoked)}`,
  };
};

export const give: Action = async (context, { args, options }) => {
  const role = await getRole(context, args, options);
  const subject = await getSubject(context, options);
  const given = await assignRole(context, { roleId: role.id, subject, actor: ACTOR });
  const who = await subjectInWords(context, subject);
  return {
    json: { ...memberOf(role, subject), given },
    text: given ? `${who} has the role ${role.name}.` : `${who} had the role ${role.name} already.`,
  };
};

export const take: Action = async (context, { args, options }) => {
  const role = await getRole(context, args, options);
  const subject = await getSubject(context, options);
  const revoked = await unassignRole(context, { roleId: role.id, subject, actor: ACTOR });
  const who = await subjectInWords(context, subject);
  if (!revoked) {
    throw new AppError('role_not_given', `${who} does not have this role from an operator.`, { status: 404 });
  }
  return {
    json: { ...memberOf(role, subject), ...revokedMembers(revoked) },
    text: `${who} has the role ${role.name} no more, ${endedInWords(revoked)}`,
  };
};

/** By name with `--api`, or by id. */
async function getRole({ db }: CommandContext, args: readonly string[], options: unknown): Promise<Role> {
  const { api } = parseOptions(z.object({ api: z.string().optional() }), options);
  const name = parseArgument(args, 0, 'role');
  const apiId = api === undefined ? undefined : (await getApiByName(db.knex, api)).id;
  const named = apiId === undefined ? undefined : await findRoleByName(db.knex, { apiId, name });
  const role = named ?? (await findRole(db.knex, name));
  if (role && (apiId === undefined || role.apiId === apiId)) return role;
  if (apiId === undefined) throw new UsageError('Name the API with --api, or the role by its id.');
  throw roleNotFound();
}

async function getSubject({ db }: CommandContext, options: unknown): Promise<Subject> {
  const schema = z.object({ user: z.string().optional(), client: z.string().optional() });
  const { user, client } = parseOptions(schema, options);
  if (user !== undefined) return { accountId: (await getUserByName(db.knex, user)).id };
  if (client === undefined) throw new UsageError('Say who with --user or --client.');
  const record = await findClient(db.knex, client);
  if (!record) throw clientNotFound();
  return { clientId: record.id };
}

async function subjectInWords(context: CommandContext, subject: Subject): Promise<string> {
  return 'accountId' in subject
    ? `user ${partyInWords(await findPersonParty(context, subject.accountId))}`
    : `client ${partyInWords(await findClientParty(context, subject.clientId))}`;
}

function memberOf({ id, name }: Role, subject: Subject): Record<string, string> {
  const who = 'accountId' in subject ? { account_id: subject.accountId } : { client_id: subject.clientId };
  return { role_id: id, role: name, ...who };
}

async function shown(
  { db }: CommandContext,
  headline: string | undefined,
  role: Role,
  next?: string,
): Promise<Outcome> {
  const api = (await listApis(db.knex)).find(({ id }) => id === role.apiId);
  const details = fields([
    ['id', role.id],
    ['api', api?.audience],
    ['name', role.name],
    ['description', role.description],
    ['scopes', role.scopes.join(' ') || 'none'],
    ['counts', api?.enforcesRoles === true ? undefined : `not: the API does not enforce roles`],
    ['origin', role.builtIn ? 'a part of this server' : undefined],
    ['created', moment(role.createdAt)],
  ]);
  return { json: roleToJson(role, api?.audience ?? null), text: paragraphs(headline, details, next) };
}
