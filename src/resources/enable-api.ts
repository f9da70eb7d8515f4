import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Api } from './api.ts';
import { refuseBuiltInApi } from './built-in.ts';
import { apiNotFound } from './not-found.ts';
import { lockApi, notifyApi, saveApiDisabled } from './store.ts';

/** Lets tokens for the API be issued again. What was ended when it was disabled stays ended. Throws `api_not_found` (404). */
export async function enableApi(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Api> {
  return db.transaction(async (tx) => {
    const api = await lockApi(tx, id);
    if (!api) throw apiNotFound();
    refuseBuiltInApi(api);
    if (api.disabledAt === null) return api;
    const now = clock.now();
    await saveApiDisabled(tx, id, null, now);
    const detail = { apiId: id, audience: api.audience };
    await record(tx, { occurredAt: now, type: 'api.enabled', actor, detail });
    await notifyApi(tx, id);
    return { ...api, disabledAt: null, updatedAt: now };
  });
}
