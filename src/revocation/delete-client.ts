import { record, type Actor } from '../audit/record.ts';
import { clientNotFound } from '../clients/not-found.ts';
import { deleteClientRow, lockClient, notifyClient } from '../clients/store.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { revokeWithin, type Revoked } from './revoke.ts';

/** Ends everything the client holds and forgets it with its secrets. Throws `client_not_found` (404). */
export async function deleteClient(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Revoked> {
  return db.transaction(async (tx) => {
    if (!(await lockClient(tx, id))) throw clientNotFound();
    await deleteClientRow(tx, id);
    await record(tx, { occurredAt: clock.now(), type: 'client.deleted', actor, clientId: id });
    await notifyClient(tx, id);
    return revokeWithin(tx, clock, { client: id }, actor);
  });
}
