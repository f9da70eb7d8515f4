import type { ClientRecord } from '../clients/client.ts';
import { enableClient } from '../clients/enable-client.ts';
import { clientNotFound } from '../clients/not-found.ts';
import { secretExpiresAt } from '../clients/secret.ts';
import { findClient, listClients } from '../clients/store.ts';
import type { Queryable } from '../db/database.ts';
import { listApis } from '../resources/store.ts';
import { deleteClient } from '../revocation/delete-client.ts';
import { disableClient } from '../revocation/disable-client.ts';
import { rolesOf } from '../roles/assignment-store.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { fields, moment, paragraphs, requirementInWords, table, type Outcome } from './outcome.ts';
import { clientToJson } from '../documents/client.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import { givenRoleToJson } from '../documents/role.ts';
import { rolesInWords } from './role-words.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';

export const list: Action = async ({ db }, { options }) => {
  const { limit, after, search } = parseOptions(pageOptions, options);
  const { items, next } = cut(
    await listClients(db.knex, { limit: limit + 1, after, search }),
    limit,
    cursorOfMade,
  );
  const apis = await listApis(db.knex);
  const rows = items.map((client) => [
    client.id,
    text(client.metadata['client_name']),
    text(client.metadata['token_endpoint_auth_method']),
    texts(client.metadata['grant_types']).map(shortGrant).join(' '),
    [client.origin === 'dynamic' && 'dynamic', client.disabledAt && 'disabled'].filter(Boolean).join(' '),
  ]);
  const none = `No clients. Register one with: ${COMMAND} clients create --help`;
  return {
    json: { clients: items.map((client) => clientToJson(client, apis)), next },
    text: paragraphs(
      items.length === 0 ? none : table(['CLIENT ID', 'NAME', 'AUTHENTICATION', 'GRANTS', ''], rows),
      next !== null && `More: ${COMMAND} clients list --after ${next}`,
    ),
  };
};

export const show: Action = async ({ db }, { args }) => {
  const client = await findClient(db.knex, parseArgument(args, 0, 'client'));
  if (!client) throw clientNotFound();
  const roles = await rolesOf(db.knex, { clientId: client.id });
  const outcome = await shownClient(db.knex, client);
  return {
    json: { ...Object(outcome.json), roles: roles.map(givenRoleToJson) },
    text: paragraphs(outcome.text, roles.length > 0 && fields([['roles', rolesInWords(roles)]])),
  };
};

export const disable: Action = async (context, { args }) => {
  const id = parseArgument(args, 0, 'client');
  const revoked = await disableClient(context, id, ACTOR);
  return {
    json: { client_id: id, ...revokedMembers(revoked) },
    text: `The client ${id} is disabled, ${endedInWords(revoked)} Undo with: ${COMMAND} clients enable ${id}`,
  };
};

export const enable: Action = async (context, { args }) => {
  const client = await enableClient(context, parseArgument(args, 0, 'client'), ACTOR);
  return shownClient(context.db.knex, client, { headline: 'The client is enabled.' });
};

export const remove: Action = async (context, { args }) => {
  const id = parseArgument(args, 0, 'client');
  const revoked = await deleteClient(context, id, ACTOR);
  return {
    json: { client_id: id, ...revokedMembers(revoked) },
    text: `The client ${id} is deleted, ${endedInWords(revoked)}`,
  };
};

const ORIGINS = {
  operator: undefined,
  dynamic: 'registered itself',
  'built-in': 'a part of this server',
} as const;

export const SHOWN_ONCE = 'The secret is shown this once:';

interface Shown {
  readonly headline?: string | undefined;
  readonly secret?: string | undefined;
  readonly next?: string | undefined;
}

export async function shownClient(
  db: Queryable,
  client: ClientRecord,
  { headline, secret, next }: Shown = {},
): Promise<Outcome> {
  const json = clientToJson(client, await listApis(db));
  const shownSecret =
    secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: secretExpiresAt(client) };
  return {
    json: { ...json, ...shownSecret },
    text: paragraphs(
      headline && (secret ? `${headline} ${SHOWN_ONCE}` : headline),
      details(client, json, secret),
      next,
    ),
  };
}

function details(client: ClientRecord, json: Record<string, unknown>, secret: string | undefined): string {
  const { metadata } = client;
  const access = client.apis.map(
    ({ audience, scopes }) => `${audience}  ${scopes.join(' ') || '(no scopes)'}`,
  );
  const secrets = client.secrets.map(
    ({ hint, createdAt, expiresAt }) =>
      `${hint}…  since ${moment(createdAt)}${expiresAt ? `, until ${moment(expiresAt)}` : ''}`,
  );
  return fields([
    ['client_id', client.id],
    ['client_secret', secret],
    ['name', text(metadata['client_name'])],
    ['authentication', text(metadata['token_endpoint_auth_method'])],
    ['grants', texts(metadata['grant_types']).map(shortGrant).join(' ')],
    ['redirects', texts(metadata['redirect_uris']).join('\n')],
    ['after sign-out', texts(metadata['post_logout_redirect_uris']).join('\n')],
    ['told of sign-out', text(metadata['backchannel_logout_uri'])],
    ['keys', metadata['jwks'] === undefined ? text(metadata['jwks_uri']) : 'registered'],
    ['may ask for', access.join('\n')],
    ['by default', text(json['default_api'])],
    ['acts for', text(json['acts_for'])],
    ['exchanges', exchangeInWords(client, json)],
    ['consent', client.firstParty ? 'not asked (first party)' : undefined],
    ['people', requirementInWords(client.requirement)],
    ['secrets', secret === undefined ? secrets.join('\n') : undefined],
    ['origin', ORIGINS[client.origin]],
    ['brand', [client.brand.color, client.brand.logo?.type].filter(Boolean).join(' ')],
    ['disabled', moment(client.disabledAt)],
  ]);
}

function exchangeInWords({ exchange }: ClientRecord, json: Record<string, unknown>): string | undefined {
  if (!exchange) return undefined;
  const { apis } = json['exchange'] as { apis: string[] };
  return [
    ...apis.map((audience) => `tokens for ${audience}`),
    ...exchange.clientIds.map((id) => `if issued to ${id}`),
    ...exchange.issuerIds.map((id) => `tokens of ${id}`),
    ...(exchange.impersonation ? ['without saying that it acts'] : []),
  ].join('\n');
}

function shortGrant(grantType: string): string {
  return grantType.replace('urn:ietf:params:oauth:grant-type:', '');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
