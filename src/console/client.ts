import type { ConsolePages } from '../../views/locals/console.ts';
import { listApisOperation } from '../admin/apis.ts';
import { showClientOperation, updateClientOperation } from '../admin/clients.ts';
import { perform } from '../admin/perform.ts';
import type { ClientDocument } from '../documents/client.ts';
import { displayName } from '../interactions/present.ts';
import { clientActions } from './client-actions.ts';
import {
  CLIENT_LABELS,
  clientChanges,
  clientCommand,
  clientValues,
  configuredClient,
} from './client-form.ts';
import { clientSnippets } from './snippets/client.ts';
import { nameOf, whatIs } from './clients.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command, configuration, equivalent } from './equivalents.ts';
import { formOf, seen } from './form.ts';
import { heldRoleActions, heldRoles } from './held-roles.ts';
import { audiencesOf } from './new-client.ts';
import { can } from './operator.ts';
import { show } from './show.ts';

type Locals = ConsolePages['console-client'];

export const client: Screen = {
  path: '/clients/:id',
  scope: 'admin:clients:read',
  within: '/clients',
  async get(context, visit) {
    const document = await read(context, visit);
    const values = clientValues(document);
    show(context, visit, 'console-client', {
      id: document.client_id,
      name: nameOf(document),
      what: whatIs(document),
      isDisabled: document.disabled_at !== null,
      isUnverified: document.origin === 'dynamic',
      createdAt: new Date(document.created_at),
      updatedAt: new Date(document.updated_at),
      takesRedirects: document.grant_types?.includes('authorization_code') ?? true,
      hasSecrets: document.secrets.length > 0,
      form: formOf(visit, document, values, CLIENT_LABELS),
      access: await accessOf(context, visit, document),
      audiences: await audiencesOf(context, visit),
      roles: actsForItself(document) ? await heldRoles(context, visit, 'client') : undefined,
      secrets: document.secrets.map(presentSecret),
      snippets: clientSnippets(context.config.issuer, document),
      equivalent: {
        command: command(`clients update ${document.client_id}`, ['--name', nameOf(document)]),
        configuration: configuration('clients', configuredClient(document)),
      },
      mayWrite: can(visit.operator, 'admin:clients:write'),
    });
  },
  actions: { save: { run: save }, ...heldRoleActions('client'), ...clientActions },
};

async function read(context: ConsoleContext, { id, operator }: Visit): Promise<ClientDocument> {
  const { document } = await perform(context, showClientOperation, { params: { client_id: id } }, operator);
  return document;
}

async function save(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, operator } = visit;
  const before = await read(context, visit);
  const body = clientChanges(visit.fields);
  const asked = { params: { client_id: id }, body, ...seen(visit) };
  const { document } = await perform(context, updateClientOperation, asked, operator);
  const line = clientCommand(before, body);
  return {
    to: `/clients/${id}`,
    notice: { message: 'Saved.', ...equivalent(line, 'clients', configuredClient(document)) },
  };
}

/** Roles of a client count for client credentials alone. */
function actsForItself({ grant_types: grants }: ClientDocument): boolean {
  return grants?.includes('client_credentials') ?? false;
}

/** What may be asked of each API, beside all that could be. Without the right to look at APIs, only what was given is known. */
async function accessOf(
  context: ConsoleContext,
  { operator }: Visit,
  { apis }: ClientDocument,
): Promise<Locals['access']> {
  const all = can(operator, 'admin:apis:read')
    ? await Promise.all(apis.map(({ audience }) => findApi(context, operator, audience)))
    : [];
  return apis.map(({ audience, scopes }, index) => {
    const api = all[index];
    const known = api?.scopes ?? scopes.map((name) => ({ name, description: '' }));
    return {
      audience,
      apiName: displayName(api?.name ?? audience),
      scopes: known.map(({ name, description }) => ({
        name,
        description,
        isGiven: scopes.includes(name),
      })),
    };
  });
}

async function findApi(context: ConsoleContext, operator: Visit['operator'], audience: string) {
  const query = { search: audience.slice(0, 200), limit: 200 };
  const { document } = await perform(context, listApisOperation, { query }, operator);
  return document.apis.find((api) => api.audience === audience);
}

function presentSecret(secret: ClientDocument['secrets'][number]): Locals['secrets'][number] {
  return {
    hint: secret.hint,
    createdAt: new Date(secret.created_at),
    expiresAt: secret.expires_at === null ? undefined : new Date(secret.expires_at),
    lastUsedAt: secret.last_used_at === null ? undefined : new Date(secret.last_used_at),
  };
}
