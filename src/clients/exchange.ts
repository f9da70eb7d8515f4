import type { Knex } from 'knex';

import { AppError } from '../errors.ts';
import type { ClientOrigin } from './client.ts';
import { clientNotFound } from './not-found.ts';
import { invalidMetadata } from './problem.ts';
import { findClientIds } from './exchange-store.ts';
import { lockApiReferences } from './store.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/**
 * Whose tokens a client may exchange for tokens of its own (RFC 8693). Beside these, always: tokens that were issued to itself,
 * and tokens addressed to the API whose credentials it is. That it may exchange at all says its grant type.
 */
export interface ExchangePolicy {
  /** Without an actor token its tokens do not say who acts. */
  readonly impersonation: boolean;
  /** Tokens addressed to these APIs… */
  readonly apiIds: readonly string[];
  /** …and issued to these clients; empty: to any. */
  readonly clientIds: readonly string[];
  /** Foreign tokens of these trusted issuers. */
  readonly issuerIds: readonly string[];
}

export const NO_EXCHANGE: ExchangePolicy = { impersonation: false, apiIds: [], clientIds: [], issuerIds: [] };

/** Changes by an operator; what is not mentioned stays. */
export interface WantedExchange {
  readonly impersonation?: boolean | undefined;
  readonly audiences?: readonly string[] | undefined;
  readonly clientIds?: readonly string[] | undefined;
  /** Of issuers that exist. */
  readonly issuerIds?: readonly string[] | undefined;
}

/** Lists that somebody can still read. */
const SOURCES_MAX = 50;

/**
 * The changes by id, checked; undefined: none. Throws `api_not_found`, `client_not_found` (404), `invalid_exchange` (400). Locks APIs,
 * so it comes before the client is locked.
 */
export async function resolveExchange(
  tx: Knex.Transaction,
  { impersonation, audiences, clientIds, issuerIds }: WantedExchange = {},
): Promise<Partial<ExchangePolicy> | undefined> {
  if ([audiences, clientIds, issuerIds].some((list) => (list ?? []).length > SOURCES_MAX))
    throw new AppError('invalid_exchange', `A list has at most ${SOURCES_MAX} members.`, { status: 400 });
  const changes: Partial<ExchangePolicy> = {
    ...(impersonation === undefined ? {} : { impersonation }),
    ...(audiences === undefined ? {} : { apiIds: await apiIdsOf(tx, audiences) }),
    ...(clientIds === undefined ? {} : { clientIds: await existing(tx, clientIds) }),
    ...(issuerIds === undefined ? {} : { issuerIds }),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/** RFC 8693 §5: a client that anybody can be must not turn one token into another; nor one that registered itself. */
export function checkExchangeGrant(
  grantTypes: readonly string[],
  { origin, authMethod }: { origin: ClientOrigin; authMethod: string },
): void {
  if (!grantTypes.includes(TOKEN_EXCHANGE)) return;
  if (origin !== 'operator') throw invalidMetadata('grant_types', 'must not have token exchange');
  if (authMethod === 'none')
    throw invalidMetadata('grant_types', 'must have token exchange only where the client authenticates');
}

async function apiIdsOf(tx: Knex.Transaction, audiences: readonly string[]): Promise<string[]> {
  const found = await lockApiReferences(tx, [...new Set(audiences)]);
  const missing = audiences.find((audience) => !found.some((api) => api.audience === audience));
  if (missing !== undefined)
    throw new AppError('api_not_found', `There is no API with the audience ${missing}.`, { status: 404 });
  return found.map(({ id }) => id);
}

async function existing(tx: Knex.Transaction, ids: readonly string[]): Promise<string[]> {
  const found = await findClientIds(tx, ids);
  if (ids.some((id) => !found.includes(id))) throw clientNotFound();
  return found;
}
