import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { ClientRecord } from './client.ts';
import { clientNotFound } from './not-found.ts';
import { lockClient, notifyClient, saveClientDisabled } from './store.ts';

/** Lets the client ask for tokens again. What was ended when it was disabled stays ended. Throws `client_not_found` (404). */
export async function enableClient(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<ClientRecord> {
  return db.transaction(async (tx) => {
    const client = await lockClient(tx, id);
    if (!client) throw clientNotFound();
    if (client.disabledAt === null) return client;
    const now = clock.now();
    await saveClientDisabled(tx, id, null, now);
    await record(tx, { occurredAt: now, type: 'client.enabled', actor, clientId: id });
    await notifyClient(tx, id);
    return { ...client, disabledAt: null, updatedAt: now };
  });
}
