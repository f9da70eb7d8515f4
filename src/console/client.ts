import type { z } from 'zod';

import type { ConsolePages } from '../../views/locals/console.ts';
import { listApisOperation } from '../admin/apis.ts';
import { showClientOperation, updateClientOperation } from '../admin/clients.ts';
import { perform } from '../admin/perform.ts';
import type { clientChangesDocument, ClientDocument } from '../documents/client.ts';
import { displayName } from '../interactions/present.ts';
import { clientActions } from './client-actions.ts';
import { clientSnippets } from './snippets/client.ts';
import { nameOf, whatIs } from './clients.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command, configuration, equivalent } from './equivalents.ts';
import { filled, formOf, lines, seen } from './form.ts';
import { heldRoleActions, heldRoles } from './held-roles.ts';
import { audiencesOf } from './new-client.ts';
import { can } from './operator.ts';
import { show } from './show.ts';

type Locals = ConsolePages['console-client'];
type Changes = z.input<typeof clientChangesDocument>;

/** The fields of the form, with what they are called on it. */
const LABELS = {
  client_name: 'Name',
  redirect_uris: 'Redirect URIs',
  post_logout_redirect_uris: 'After signing out',
  backchannel_logout_uri: 'Back-channel logout',
  default_api: 'Default API',
  requirement: 'Sign-in',
  scope: 'OpenID scopes',
  jwks_uri: 'Address of its keys',
  client_uri: 'Home page',
  policy_uri: 'Privacy policy',
  tos_uri: 'Terms of service',
  first_party: 'First party',
  dpop_bound_access_tokens: 'DPoP',
  require_pushed_authorization_requests: 'Pushed requests',
} as const;

const LISTS = ['redirect_uris', 'post_logout_redirect_uris'] as const;
const TEXTS = [
  'client_name',
  'backchannel_logout_uri',
  'scope',
  'jwks_uri',
  'client_uri',
  'policy_uri',
  'tos_uri',
] as const;
const SWITCHES = ['dpop_bound_access_tokens', 'require_pushed_authorization_requests'] as const;

export const client: Screen = {
  path: '/clients/:id',
  scope: 'admin:clients:read',
  within: '/clients',
  async get(context, visit) {
    const document = await read(context, visit);
    const values = valuesOf(document);
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
      form: formOf(visit, document, values, LABELS),
      access: await accessOf(context, visit, document),
      audiences: await audiencesOf(context, visit),
      roles: actsForItself(document) ? await heldRoles(context, visit, 'client') : undefined,
      secrets: document.secrets.map(presentSecret),
      snippets: clientSnippets(context.config.issuer, document),
      equivalent: {
        command: command(`clients update ${document.client_id}`, ['--name', nameOf(document)]),
        configuration: configuration('clients', configured(document)),
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
  const body = changesOf(visit.fields);
  const params = { client_id: id };
  const { document } = await perform(
    context,
    updateClientOperation,
    { params, body, ...seen(visit) },
    operator,
  );
  const line = command(
    `clients update ${id}`,
    ['--name', body.client_name ?? undefined],
    ['--redirect-uri', body.redirect_uris ?? undefined],
    ['--post-logout-redirect-uri', body.post_logout_redirect_uris ?? undefined],
    ['--require', body.requirement],
    body.default_api ? ['--default-api', body.default_api] : '--no-default-api',
    body.first_party ? '--first-party' : '--no-first-party',
  );
  return {
    to: `/clients/${id}`,
    notice: { message: 'Saved.', ...equivalent(line, 'clients', configured(document)) },
  };
}

/** RFC 7396: what the form shows replaces what is stored, an empty field takes its member away. */
function changesOf(fields: Visit['fields']): Changes {
  const present = (name: string) => Object.hasOwn(fields, name);
  const texts = TEXTS.filter(present).map((name) => [name, filled(fields[name]) ?? null]);
  const lists = LISTS.filter(present).map((name) => [name, lines(fields[name])]);
  const switches = SWITCHES.map((name) => [name, fields[name] === 'on']);
  return {
    ...(Object.fromEntries([...texts, ...lists, ...switches]) as Changes),
    default_api: filled(fields['default_api']) ?? null,
    first_party: fields['first_party'] === 'on',
    // Whatever else it may say, the operation refuses.
    requirement: (fields['requirement'] ?? 'any') as Changes['requirement'],
  };
}

function valuesOf(document: ClientDocument): Record<keyof typeof LABELS, string> {
  const text = (name: keyof ClientDocument) => {
    const value = document[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    client_name: text('client_name'),
    redirect_uris: (document.redirect_uris ?? []).join('\n'),
    post_logout_redirect_uris: (document.post_logout_redirect_uris ?? []).join('\n'),
    backchannel_logout_uri: text('backchannel_logout_uri'),
    default_api: document.default_api ?? '',
    requirement: document.requirement,
    scope: text('scope'),
    jwks_uri: text('jwks_uri'),
    client_uri: text('client_uri'),
    policy_uri: text('policy_uri'),
    tos_uri: text('tos_uri'),
    first_party: isOn(document.first_party),
    dpop_bound_access_tokens: isOn(document.dpop_bound_access_tokens),
    require_pushed_authorization_requests: isOn(document.require_pushed_authorization_requests),
  };
}

/** Roles of a client count for client credentials alone. */
function actsForItself({ grant_types: grants }: ClientDocument): boolean {
  return grants?.includes('client_credentials') ?? false;
}

function isOn(value: boolean | undefined): string {
  return value ? 'on' : '';
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

/** What of a document is configured, and not a fact that the server adds. */
function configured(document: ClientDocument): Record<string, unknown> {
  const facts = new Set([
    'client_id_issued_at',
    'origin',
    'secrets',
    'brand',
    'disabled_at',
    'created_at',
    'updated_at',
    'client_secret',
    'client_secret_expires_at',
  ]);
  const members = Object.entries(document).filter(([name, value]) => !facts.has(name) && value !== null);
  return Object.fromEntries(members);
}
