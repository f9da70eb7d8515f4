import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Requirement } from '../config/requirement.ts';
import { newId } from '../crypto/ids.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import { grantAccess, resolveAccess, type WantedAccess } from './access.ts';
import { isBuiltInId } from './built-in.ts';
import type { ClientRecord } from './client.ts';
import { NO_EXCHANGE, resolveExchange, type WantedExchange } from './exchange.ts';
import { saveExchange } from './exchange-store.ts';
import { metadataPolicy, validateClientMetadata } from './metadata.ts';
import { clientNotFound } from './not-found.ts';
import { addSecret, expiryOf, usesSecret } from './secret.ts';
import { findClient, insertClient, isAccountId, notifyClient } from './store.ts';

export interface ClientContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Development lets an operator point a client's documents at http on a loopback address. */
  readonly config: Pick<Config, 'mode'> & Partial<Pick<Config, 'clientCertificateHeader'>>;
}

export interface NewClient extends WantedAccess {
  /** For operators who bring ids along; generated otherwise. */
  readonly id?: string | undefined;
  /** RFC 7591 members. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Ours: no consent page. */
  readonly firstParty?: boolean | undefined;
  /** `any` unless said otherwise. */
  readonly requirement?: Requirement | undefined;
  readonly exchange?: WantedExchange | undefined;
  /** How long its secret works; for ever unless said otherwise. */
  readonly secretTtlSeconds?: number | undefined;
  /** Secrets it brings along, as this server makes them; one is made where there is none. */
  readonly secrets?: readonly string[] | undefined;
  readonly actor: Actor;
}

export interface CreatedClient {
  readonly client: ClientRecord;
  /** Shown this once; only its digest is kept. Absent when the client does not authenticate with a secret. */
  readonly secret?: string;
}

/**
 * Registers a client for an operator. Throws `invalid_client_metadata`, `invalid_redirect_uri`, `invalid_client_id`,
 * `invalid_scope`, `invalid_secret_ttl` (400), `api_not_found` (404), `client_id_taken` (409).
 */
export async function createClient(ctx: ClientContext, input: NewClient): Promise<CreatedClient> {
  const metadata = validateClientMetadata(input.metadata, metadataPolicy(ctx.config, 'operator'));
  const id = input.id === undefined ? newId('cli') : checkChosenClientId(input.id);
  return ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now();
    const access = await resolveAccess(tx, input);
    const exchange = await resolveExchange(tx, input.exchange);
    if (await isAccountId(tx, id)) throw idTaken();
    await insertClient(tx, {
      id,
      metadata,
      origin: 'operator',
      firstParty: input.firstParty ?? false,
      defaultApiId: access.defaultApiId ?? null,
      actsForApiId: access.actsForApiId ?? null,
      requirement: input.requirement ?? 'any',
      createdAt: now,
      updatedAt: now,
    }).catch(refuseTaken);
    await grantAccess(tx, id, access);
    if (exchange) await saveExchange(tx, id, { ...NO_EXCHANGE, ...exchange });
    const expiresAt = expiryOf(input.secretTtlSeconds, now);
    const secret = usesSecret(metadata)
      ? await addFirstSecret(tx, ctx, { clientId: id, now, expiresAt, brought: input.secrets ?? [] })
      : undefined;
    await record(tx, { occurredAt: now, type: 'client.created', actor: input.actor, clientId: id });
    await notifyClient(tx, id);
    return { client: await getClient(tx, id), ...(secret === undefined ? {} : { secret }) };
  });
}

/** What is to be shown, which is what nobody else knows. */
async function addFirstSecret(
  tx: Knex.Transaction,
  { secrets }: ClientContext,
  { brought, ...secret }: { clientId: string; now: Date; expiresAt: Date | null; brought: readonly string[] },
): Promise<string | undefined> {
  if (brought.length === 0) return addSecret(tx, secrets, secret);
  for (const value of brought) await addSecret(tx, secrets, { ...secret, value });
  return undefined;
}

export async function getClient(tx: Knex.Transaction, id: string): Promise<ClientRecord> {
  const client = await findClient(tx, id);
  if (!client) throw clientNotFound();
  return client;
}

/** Readable in URLs, logs and shells as it is. */
const CHOSEN_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;

/**
 * RFC 9700 §4.15: a client that carries somebody's `sub` as its id could pass for that person at an API. Account ids are
 * ours to draw and all begin alike, so that prefix is what no client may have; those that were imported are looked up.
 */
const ACCOUNT_PREFIX = /^usr_/i;

/** Throws `invalid_client_id` (400). */
export function checkChosenClientId(id: string): string {
  if (CHOSEN_ID.test(id) && !ACCOUNT_PREFIX.test(id) && !isBuiltInId(id)) return id;
  throw new AppError(
    'invalid_client_id',
    "A client id is 1 to 100 letters, digits, dots, hyphens, underscores or tildes, begins with a letter or digit and not with usr_, and is none of the server's own.",
    { status: 400 },
  );
}

function refuseTaken(error: unknown): never {
  if (violatedConstraint(error) !== 'clients_pkey') throw error;
  throw idTaken(error);
}

function idTaken(cause?: unknown): AppError {
  return new AppError('client_id_taken', 'Another client or an account has this id.', { status: 409, cause });
}
