import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { lockApi, notifyApi, saveApiDisabled } from '../resources/store.ts';
import { revokeWithin, type Revoked } from './revoke.ts';

/** Ends every token for the API and lets no more be issued. Throws `api_not_found` (404). */
export async function disableApi(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Revoked> {
  return db.transaction(async (tx) => {
    const api = await lockApi(tx, id);
    if (!api) throw apiNotFound();
    const now = clock.now();
    if (api.disabledAt === null) {
      await saveApiDisabled(tx, id, now, now);
      const detail = { apiId: id, audience: api.audience };
      await record(tx, { occurredAt: now, type: 'api.disabled', actor, detail });
      await notifyApi(tx, id);
    }
    return revokeWithin(tx, clock, { api: id }, actor);
  });
}
