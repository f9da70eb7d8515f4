import { z } from 'zod';

import { REQUIREMENTS } from '../config/requirement.ts';
import type { Queryable } from '../db/database.ts';
import type { Api, ApiScope } from '../resources/api.ts';
import { createApi } from '../resources/create-api.ts';
import { enableApi } from '../resources/enable-api.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { selectApis } from '../resources/select-apis.ts';
import { findApi, findApiByAudience, listApis } from '../resources/store.ts';
import { updateApi } from '../resources/update-api.ts';
import { deleteApi } from '../revocation/delete-api.ts';
import { disableApi } from '../revocation/disable-api.ts';
import { enforceRoles } from '../revocation/enforce-roles.ts';
import { removeScopes } from '../revocation/remove-scopes.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { quoted } from '../words.ts';
import { fields, moment, paragraphs, requirementInWords, table, type Outcome } from './outcome.ts';
import { parseArgument, parseOptions, textPageOptions, texts, wholeNumber } from './parse.ts';
import { apiToJson } from '../documents/api.ts';
import { cut, toTextCursor } from '../documents/page.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { UsageError } from './usage-error.ts';

const created = z.object({
  audience: z.string(),
  name: z.string(),
  scope: texts,
  ttl: wholeNumber.optional(),
  alg: z.string().optional(),
  require: z.enum(REQUIREMENTS).optional(),
  enforceRoles: z.boolean().optional(),
});

export const create: Action = async (context, { options }) => {
  const { audience, name, scope, ttl, alg, ...rest } = parseOptions(created, options);
  const api = await createApi(context, {
    audience,
    name,
    scopes: scope.map(parseScope),
    tokenTtlSeconds: ttl ?? context.config.tokens.accessTtlSeconds,
    signingAlg: alg,
    requirement: rest.require,
    enforcesRoles: rest.enforceRoles,
    actor: ACTOR,
  });
  const scopes =
    api.scopes.length > 0 ? ` --scopes ${quoted(api.scopes.map((each) => each.name).join(' '))}` : '';
  const next = `Next, a client that may ask for tokens:\n  ${COMMAND} clients create --name Example --kind machine --api ${quoted(audience)}${scopes}`;
  return shown(`The API ${api.name} is registered.`, api, next);
};

export const list: Action = async ({ db }, { options }) => {
  const { limit, ...wanted } = parseOptions(textPageOptions, options);
  const found = selectApis(await listApis(db.knex), wanted);
  const { items, next } = cut(found, limit, ({ audience }) => toTextCursor(audience));
  const rows = items.map((api) => [
    api.audience,
    api.name,
    String(api.scopes.length),
    `${api.tokenTtlSeconds} s`,
    api.signingAlg,
    api.disabledAt ? 'disabled' : '',
  ]);
  const none = `There are no APIs yet. Register one with: ${COMMAND} apis create --audience <uri> --name <text>`;
  return {
    json: { apis: items.map(apiToJson), next },
    text: paragraphs(
      items.length === 0 ? none : table(['AUDIENCE', 'NAME', 'SCOPES', 'TTL', 'ALG', ''], rows),
      next !== null && `More: ${COMMAND} apis list --after ${next}`,
    ),
  };
};

export const show: Action = async ({ db }, { args }) => shown(undefined, await getApi(db.knex, args));

const updated = z.object({
  name: z.string().optional(),
  scope: texts,
  removeScope: texts,
  ttl: wholeNumber.optional(),
  alg: z.string().optional(),
  require: z.enum(REQUIREMENTS).optional(),
  enforceRoles: z.boolean().optional(),
});

export const update: Action = async (context, { args, options }) => {
  const {
    name,
    scope,
    removeScope,
    ttl,
    alg,
    enforceRoles: enforces,
    ...rest
  } = parseOptions(updated, options);
  const { id } = await getApi(context.db.knex, args);
  if (removeScope.length > 0) await removeScopes(context, id, removeScope, ACTOR);
  const changes = {
    name,
    scopes: scope.map(parseScope),
    tokenTtlSeconds: ttl,
    signingAlg: alg,
    requirement: rest.require,
  };
  const api = await updateApi(context, id, changes, ACTOR);
  if (enforces === undefined || enforces === api.enforcesRoles) return shown('The API is updated.', api);
  const enforced = await enforceRoles(context, id, enforces, ACTOR);
  const outcome = shown(`The API is updated, ${endedInWords(enforced.revoked)}`, enforced.api);
  return { ...outcome, json: { ...apiToJson(enforced.api), ...revokedMembers(enforced.revoked) } };
};

export const disable: Action = async (context, { args }) => {
  const { id, audience } = await getApi(context.db.knex, args);
  const revoked = await disableApi(context, id, ACTOR);
  const text = `The API ${audience} is disabled, ${endedInWords(revoked)} Undo with: ${COMMAND} apis enable ${quoted(audience)}`;
  return { json: { id, audience, ...revokedMembers(revoked) }, text };
};

export const enable: Action = async (context, { args }) => {
  const { id } = await getApi(context.db.knex, args);
  return shown('The API is enabled.', await enableApi(context, id, ACTOR));
};

export const remove: Action = async (context, { args }) => {
  const { id, audience } = await getApi(context.db.knex, args);
  const revoked = await deleteApi(context, id, ACTOR);
  return {
    json: { id, audience, ...revokedMembers(revoked) },
    text: `The API ${audience} is deleted, ${endedInWords(revoked)}`,
  };
};

/** By audience, as people know it, or by id. */
export async function getApiByName(db: Queryable, name: string): Promise<Api> {
  const api = (await findApiByAudience(db, name)) ?? (await findApi(db, name));
  if (!api) throw apiNotFound();
  return api;
}

function getApi(db: Queryable, args: readonly string[]): Promise<Api> {
  return getApiByName(db, parseArgument(args, 0, 'api'));
}

/** `orders:read=See your orders`; a name alone describes itself. */
function parseScope(text: string): ApiScope {
  const at = text.indexOf('=');
  if (at === 0) throw new UsageError('--scope is written name=description.');
  return at === -1
    ? { name: text, description: text }
    : { name: text.slice(0, at), description: text.slice(at + 1) };
}

function shown(headline: string | undefined, api: Api, next?: string): Outcome {
  const details = fields([
    ['id', api.id],
    ['audience', api.audience],
    ['name', api.name],
    ['tokens', `${api.tokenTtlSeconds} s, signed with ${api.signingAlg}`],
    ['scopes', api.scopes.map(({ name, description }) => `${name}  ${description}`).join('\n') || 'none'],
    ['people', requirementInWords(api.requirement)],
    ['roles', api.enforcesRoles ? 'enforced' : undefined],
    ['created', moment(api.createdAt)],
    ['disabled', moment(api.disabledAt)],
  ]);
  return { json: apiToJson(api), text: paragraphs(headline, details, next) };
}
