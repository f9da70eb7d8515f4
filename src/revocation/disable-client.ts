import { record, type Actor } from '../audit/record.ts';
import { clientNotFound } from '../clients/not-found.ts';
import { lockClient, notifyClient, saveClientDisabled } from '../clients/store.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { revokeWithin, type Revoked } from './revoke.ts';

/** Ends everything the client holds and lets it ask for nothing more. Throws `client_not_found` (404). */
export async function disableClient(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Revoked> {
  return db.transaction(async (tx) => {
    const client = await lockClient(tx, id);
    if (!client) throw clientNotFound();
    const now = clock.now();
    if (client.disabledAt === null) {
      await saveClientDisabled(tx, id, now, now);
      await record(tx, { occurredAt: now, type: 'client.disabled', actor, clientId: id });
      await notifyClient(tx, id);
    }
    return revokeWithin(tx, clock, { client: id }, actor);
  });
}
