import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Requirement } from '../config/requirement.ts';
import type { Database, Queryable } from '../db/database.ts';
import { AppError } from '../errors.ts';
import type { ClientRecord } from './client.ts';
import { insertBuiltInClient } from './built-in-store.ts';
import { findClient, notifyClient } from './store.ts';

/**
 * The server's own pages as clients of its own sign-in, so that every rule of signing in holds for them too. No API hears of
 * them: they have access to none, and their codes are not even kept (oidc/artifact-adapter.ts).
 */
export const ACCOUNT_CLIENT_ID = 'guichet-account';
export const CONSOLE_CLIENT_ID = 'guichet-console';

export const ACCOUNT_CALLBACK_PATH = '/account/callback';
export const CONSOLE_CALLBACK_PATH = '/console/callback';

interface BuiltInClient {
  readonly id: string;
  readonly callback: string;
  readonly requirement: Requirement;
  /** For whoever has a client of that name. */
  readonly purpose: string;
}

const BUILT_IN: readonly BuiltInClient[] = [
  {
    id: ACCOUNT_CLIENT_ID,
    callback: ACCOUNT_CALLBACK_PATH,
    requirement: 'any',
    purpose: 'its account pages',
  },
  { id: CONSOLE_CLIENT_ID, callback: CONSOLE_CALLBACK_PATH, requirement: 'mfa', purpose: 'its console' },
];

/** Ids that are ours: no client of an operator may have one. */
export function isBuiltInId(id: string): boolean {
  return BUILT_IN.some((client) => client.id === id);
}

/**
 * Makes the rows of the built-in clients, or brings them up to date with the issuer and the brand. Cheap when nothing has
 * changed. Throws `client_id_taken` where an operator has a client of that name.
 */
export async function ensureBuiltInClients({
  db,
  clock,
  config,
}: {
  db: Database;
  clock: Clock;
  config: Pick<Config, 'issuer' | 'brand'>;
}): Promise<void> {
  for (const client of BUILT_IN) {
    const row = { id: client.id, metadata: metadataOf(config, client), requirement: client.requirement };
    if (await isCurrent(db.knex, row)) continue;
    await db.transaction(async (tx) => {
      const saved = await insertBuiltInClient(tx, row, clock.now());
      if (!saved) throw taken(client);
      await notifyClient(tx, client.id);
    });
  }
}

/** For the verbs that operators and registration share. Throws `client_built_in` (409). */
export function refuseBuiltIn(client: Pick<ClientRecord, 'origin'>): void {
  if (client.origin !== 'built-in') return;
  throw new AppError('client_built_in', 'This client is a part of the server and cannot be changed.', {
    status: 409,
  });
}

function metadataOf(
  { issuer, brand }: Pick<Config, 'issuer' | 'brand'>,
  { callback }: BuiltInClient,
): Record<string, unknown> {
  return {
    application_type: 'web',
    client_name: brand.name,
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: 'RS256',
    redirect_uris: [`${issuer}${callback}`],
    response_modes: ['query'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}

async function isCurrent(
  db: Queryable,
  { id, metadata, requirement }: Pick<ClientRecord, 'id' | 'metadata' | 'requirement'>,
): Promise<boolean> {
  const stored = await findClient(db, id);
  if (stored?.origin !== 'built-in' || stored.requirement !== requirement) return false;
  const members = new Set([...Object.keys(stored.metadata), ...Object.keys(metadata)]);
  return [...members].every(
    (member) => JSON.stringify(stored.metadata[member]) === JSON.stringify(metadata[member]),
  );
}

function taken({ id, purpose }: BuiltInClient): AppError {
  return new AppError(
    'client_id_taken',
    `A client of yours has the id ${id}, which this server needs for ${purpose}. Delete it first.`,
    { status: 409 },
  );
}
