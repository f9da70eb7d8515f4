import { record, type Actor } from '../audit/record.ts';
import { refuseBuiltInApi } from '../resources/built-in.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { lockApi, notifyApi, saveApiDisabled } from '../resources/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Ends every token for the API and lets no more be issued. Throws `api_not_found` (404). */
export async function disableApi(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const api = await lockApi(tx, id);
    if (!api) throw apiNotFound();
    refuseBuiltInApi(api);
    const now = ctx.clock.now();
    if (api.disabledAt === null) {
      await saveApiDisabled(tx, id, now, now);
      const detail = { apiId: id, audience: api.audience };
      await record(tx, { occurredAt: now, type: 'api.disabled', actor, detail });
      await notifyApi(tx, id);
    }
    return revokeWithin(tx, ctx, { api: id }, actor);
  });
}
