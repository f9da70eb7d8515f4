import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Requirement } from '../config/requirement.ts';
import { grantAccess, resolveAccess, type WantedAccess } from './access.ts';
import { refuseBuiltIn } from './built-in.ts';
import type { ClientRecord } from './client.ts';
import { getClient, type ClientContext, type CreatedClient } from './create-client.ts';
import { NO_EXCHANGE, resolveExchange, type WantedExchange } from './exchange.ts';
import { saveExchange } from './exchange-store.ts';
import { metadataPolicy, validateClientMetadata, type ClientMetadata } from './metadata.ts';
import { clientNotFound } from './not-found.ts';
import { addSecret, isLive, usesSecret } from './secret.ts';
import { deleteApiAccess, deleteSecrets, lockClient, notifyClient, saveClient } from './store.ts';

export interface ClientChanges extends WantedAccess {
  /** RFC 7591 members to set; null takes one away, what is not mentioned stays. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly firstParty?: boolean | undefined;
  readonly requirement?: Requirement | undefined;
  readonly exchange?: WantedExchange | undefined;
  /** Audiences it may no longer ask tokens for. Tokens it has live on until they expire or are revoked. */
  readonly removeApis?: readonly string[] | undefined;
  /** Secrets it brings along, as this server makes them, and ids of some that end now. */
  readonly secrets?: { readonly brought: readonly string[]; readonly ended: readonly string[] } | undefined;
}

/**
 * Returns a secret when the client authenticates with one from now on and had none. Throws `client_not_found` (404) and what
 * `createClient` throws.
 */
export async function updateClient(
  ctx: ClientContext,
  id: string,
  changes: ClientChanges,
  actor: Actor,
): Promise<CreatedClient> {
  return ctx.db.transaction(async (tx) => {
    // APIs before the client, as everywhere: deleting an API locks it before it touches the clients that mention it.
    const access = await resolveAccess(tx, changes);
    const exchange = await resolveExchange(tx, changes.exchange);
    const before = await lockClient(tx, id);
    if (!before) throw clientNotFound();
    refuseBuiltIn(before);
    const now = ctx.clock.now();
    const metadata = validateClientMetadata(
      { ...before.metadata, ...changes.metadata },
      metadataPolicy(ctx.config, before.origin),
    );
    const removed = await removeApis(tx, before, changes.removeApis ?? []);
    const defaultApiId = access.defaultApiId === undefined ? before.defaultApiId : access.defaultApiId;
    await saveClient(tx, {
      id,
      metadata,
      firstParty: changes.firstParty ?? before.firstParty,
      defaultApiId: defaultApiId !== null && removed.includes(defaultApiId) ? null : defaultApiId,
      actsForApiId: access.actsForApiId === undefined ? before.actsForApiId : access.actsForApiId,
      requirement: changes.requirement ?? before.requirement,
      updatedAt: now,
    });
    await grantAccess(tx, id, access);
    if (exchange) await saveExchange(tx, id, { ...(before.exchange ?? NO_EXCHANGE), ...exchange });
    const secret = await settleSecrets(tx, ctx, { before, metadata, now, changes });
    const changed = changedMembers(before, metadata, changes);
    await record(tx, { occurredAt: now, type: 'client.updated', actor, clientId: id, detail: { changed } });
    await notifyClient(tx, id);
    return { client: await getClient(tx, id), ...(secret === undefined ? {} : { secret }) };
  });
}

async function removeApis(
  tx: Knex.Transaction,
  client: ClientRecord,
  audiences: readonly string[],
): Promise<string[]> {
  const apiIds = client.apis.filter(({ audience }) => audiences.includes(audience)).map(({ apiId }) => apiId);
  for (const apiId of apiIds) await deleteApiAccess(tx, client.id, apiId);
  return apiIds;
}

/** A client that stops using a secret must not have one lying about; one that begins to needs its first. */
async function settleSecrets(
  tx: Knex.Transaction,
  ctx: ClientContext,
  {
    before,
    metadata,
    now,
    changes: { secrets: { brought, ended } = { brought: [], ended: [] } },
  }: { before: ClientRecord; metadata: ClientMetadata; now: Date; changes: ClientChanges },
): Promise<string | undefined> {
  if (!usesSecret(metadata)) {
    const ids = before.secrets.map((secret) => secret.id);
    await deleteSecrets(tx, ids);
    return undefined;
  }
  await deleteSecrets(tx, ended);
  for (const value of brought) await addSecret(tx, ctx.secrets, { clientId: before.id, now, value });
  const kept = before.secrets.filter(({ id }) => !ended.includes(id));
  if (brought.length > 0 || kept.some((secret) => isLive(secret, now))) return undefined;
  return addSecret(tx, ctx.secrets, { clientId: before.id, now });
}

/** Names only; the values are in the row. */
function changedMembers(before: ClientRecord, metadata: ClientMetadata, changes: ClientChanges): string[] {
  const members = new Set([...Object.keys(before.metadata), ...Object.keys(metadata)]);
  const differing = [...members].filter(
    (member) => JSON.stringify(before.metadata[member]) !== JSON.stringify(metadata[member]),
  );
  const own = Object.entries(changes).filter(
    ([member, value]) => member !== 'metadata' && value !== undefined,
  );
  return [...differing, ...own.map(([member]) => member)];
}
