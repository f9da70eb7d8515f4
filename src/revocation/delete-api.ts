import { record, type Actor } from '../audit/record.ts';
import { deleteClientRow, listClientsActingFor, notifyClientsOfApi } from '../clients/store.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { deleteApiRow, lockApi, notifyApi } from '../resources/store.ts';
import { revokeWithin, type Revoked } from './revoke.ts';

/**
 * Ends every token for the API and forgets it, with its scopes, what clients might ask of it, and the clients that are its
 * own credentials. Throws `api_not_found` (404).
 */
export async function deleteApi(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Revoked> {
  return db.transaction(async (tx) => {
    const api = await lockApi(tx, id);
    if (!api) throw apiNotFound();
    // Before the row goes: afterwards nobody can tell which clients mentioned it.
    await notifyClientsOfApi(tx, id);
    const ownClients = await listClientsActingFor(tx, id);
    for (const clientId of ownClients) {
      await deleteClientRow(tx, clientId);
      await record(tx, { occurredAt: clock.now(), type: 'client.deleted', actor, clientId });
    }
    await deleteApiRow(tx, id);
    const detail = { apiId: id, audience: api.audience };
    await record(tx, { occurredAt: clock.now(), type: 'api.deleted', actor, detail });
    await notifyApi(tx, id);
    let { tokens } = await revokeWithin(tx, clock, { api: id }, actor);
    for (const client of ownClients) tokens += (await revokeWithin(tx, clock, { client }, actor)).tokens;
    return { tokens };
  });
}
