import {
  deleteApiOperation,
  disableApiOperation,
  enableApiOperation,
  showApiOperation,
  updateApiOperation,
} from '../admin/apis.ts';
import { perform } from '../admin/perform.ts';
import { listClientsOfApi } from '../clients/store.ts';
import type { ApiDocument } from '../documents/api.ts';
import { httpError } from '../http/errors.ts';
import { displayName } from '../interactions/present.ts';
import { SIGNING_ALGS } from '../resources/api.ts';
import { apiCommand, scopesText, settingsOf } from './api-form.ts';
import { apiSnippets } from './snippets/api.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command, configuration, equivalent } from './equivalents.ts';
import { formOf, seen } from './form.ts';
import { can } from './operator.ts';
import { show } from './show.ts';
import { endedInWords } from './words.ts';

const LABELS = {
  name: 'Name',
  scopes: 'Scopes',
  token_ttl_seconds: 'Lifetime',
  signing_alg: 'Signature',
  requirement: 'Sign-in',
  enforces_roles: 'Roles',
} as const;

/** Those that may ask for it and are shown with it. */
const CLIENTS_MAX = 100;

export const api: Screen = {
  path: '/apis/:id',
  scope: 'admin:apis:read',
  within: '/apis',
  async get(context, visit) {
    const { operator } = visit;
    const { document } = await perform(context, showApiOperation, { params: { api_id: visit.id } }, operator);
    show(context, visit, 'console-api', {
      id: document.id,
      name: displayName(document.name),
      audience: document.audience,
      isDisabled: document.disabled_at !== null,
      isBuiltIn: document.origin === 'built-in',
      createdAt: new Date(document.created_at),
      updatedAt: new Date(document.updated_at),
      form: formOf(visit, document, valuesOf(document), LABELS),
      algs: [...SIGNING_ALGS],
      scopes: document.scopes,
      clients: can(operator, 'admin:clients:read') ? await clientsOf(context, document.id) : [],
      snippets: apiSnippets(context.config.issuer, document),
      equivalent: {
        command: apiCommand(document, document),
        configuration: configuration('apis', configured(document)),
      },
      mayWrite: can(operator, 'admin:apis:write') && document.origin !== 'built-in',
    });
  },
  actions: {
    save: { run: save },
    disable: { run: disable },
    enable: { run: enable },
    delete: { run: remove, fresh: true },
  },
};

async function save(context: ConsoleContext, visit: Visit): Promise<Done> {
  const body = settingsOf(visit.fields);
  const params = { api_id: visit.id };
  const { document: before } = await perform(context, showApiOperation, { params }, visit.operator);
  const { document } = await perform(
    context,
    updateApiOperation,
    { params, body, ...seen(visit) },
    visit.operator,
  );
  const line = apiCommand(before, document);
  return {
    to: `/apis/${visit.id}`,
    notice: { message: 'Saved.', ...equivalent(line, 'apis', configured(document)) },
  };
}

async function disable(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  const { document } = await perform(context, disableApiOperation, { params: { api_id: id } }, operator);
  const message = `Nothing is issued for the API any more, ${endedInWords(document)}`;
  return { to: `/apis/${id}`, notice: { message, command: command(`apis disable ${id}`) } };
}

async function enable(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  await perform(context, enableApiOperation, { params: { api_id: id } }, operator);
  const notice = { message: 'Tokens are issued for the API again.', command: command(`apis enable ${id}`) };
  return { to: `/apis/${id}`, notice };
}

async function remove(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  const params = { api_id: id };
  const { document: api } = await perform(context, showApiOperation, { params }, operator);
  if (fields['confirmation'] !== api.audience) {
    throw httpError('invalid_request', 'To delete the API, type its audience.');
  }
  const { document } = await perform(context, deleteApiOperation, { params, ...seen(visit) }, operator);
  const message = `The API ${api.audience} is deleted, ${endedInWords(document)}`;
  return { to: '/apis', notice: { message, command: command(`apis delete ${api.audience}`) } };
}

async function clientsOf({ db }: ConsoleContext, apiId: string) {
  const found = await listClientsOfApi(db.knex, apiId, CLIENTS_MAX);
  return found.map(({ id, name, scopes }) => ({ id, name: displayName(name ?? '') || id, scopes }));
}

function valuesOf(document: ApiDocument): Record<keyof typeof LABELS, string> {
  return {
    name: document.name,
    scopes: scopesText(document.scopes),
    token_ttl_seconds: String(document.token_ttl_seconds),
    signing_alg: document.signing_alg,
    requirement: document.requirement,
    enforces_roles: document.enforces_roles ? 'on' : '',
  };
}

function configured({ audience, name, scopes, ...rest }: ApiDocument): Record<string, unknown> {
  const { token_ttl_seconds, signing_alg, requirement, enforces_roles } = rest;
  return { audience, name, scopes, token_ttl_seconds, signing_alg, requirement, enforces_roles };
}
