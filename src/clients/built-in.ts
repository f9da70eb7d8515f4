import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database, Queryable } from '../db/database.ts';
import { AppError } from '../errors.ts';
import type { ClientRecord } from './client.ts';
import { insertBuiltInClient } from './built-in-store.ts';
import { findClient, notifyClient } from './store.ts';

/**
 * The server's own account pages as a client of its own sign-in, so that every rule of signing in holds for them too. No API
 * hears of it: it has access to none, and its codes are not even kept (oidc/artifact-adapter.ts).
 */
export const ACCOUNT_CLIENT_ID = 'guichet-account';

export const ACCOUNT_CALLBACK_PATH = '/account/callback';

/**
 * Makes the row of the built-in client, or brings it up to date with the issuer and the brand. Cheap when nothing has changed.
 * Throws `client_id_taken` where an operator has a client of that name.
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
  const metadata = accountMetadata(config);
  if (await isCurrent(db.knex, metadata)) return;
  await db.transaction(async (tx) => {
    const saved = await insertBuiltInClient(tx, { id: ACCOUNT_CLIENT_ID, metadata }, clock.now());
    if (!saved) throw taken();
    await notifyClient(tx, ACCOUNT_CLIENT_ID);
  });
}

/** For the verbs that operators and registration share. Throws `client_built_in` (409). */
export function refuseBuiltIn(client: Pick<ClientRecord, 'origin'>): void {
  if (client.origin !== 'built-in') return;
  throw new AppError('client_built_in', 'This client is a part of the server and cannot be changed.', {
    status: 409,
  });
}

function accountMetadata({ issuer, brand }: Pick<Config, 'issuer' | 'brand'>): Record<string, unknown> {
  return {
    application_type: 'web',
    client_name: brand.name,
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: 'RS256',
    redirect_uris: [`${issuer}${ACCOUNT_CALLBACK_PATH}`],
    response_modes: ['query'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}

async function isCurrent(db: Queryable, metadata: Record<string, unknown>): Promise<boolean> {
  const stored = await findClient(db, ACCOUNT_CLIENT_ID);
  if (stored?.origin !== 'built-in') return false;
  const members = new Set([...Object.keys(stored.metadata), ...Object.keys(metadata)]);
  return [...members].every(
    (member) => JSON.stringify(stored.metadata[member]) === JSON.stringify(metadata[member]),
  );
}

function taken(): AppError {
  return new AppError(
    'client_id_taken',
    `A client of yours has the id ${ACCOUNT_CLIENT_ID}, which this server needs for its account pages. Delete it first.`,
    { status: 409 },
  );
}
