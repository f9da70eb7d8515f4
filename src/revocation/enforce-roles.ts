import { record, type Actor } from '../audit/record.ts';
import type { Api } from '../resources/api.ts';
import { refuseBuiltInApi } from '../resources/built-in.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { lockApi, notifyApi, saveApiEnforcement } from '../resources/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';
import { nothingEnded } from './unassign-role.ts';

/**
 * Whether tokens for the API carry only what roles carry. When that begins, every token for it dies, since none of them was made
 * by that rule; grants and refresh tokens live on and give narrower ones. Throws `api_not_found` (404), `api_built_in` (409).
 */
export async function enforceRoles(
  ctx: RevocationContext,
  apiId: string,
  enforcesRoles: boolean,
  actor: Actor,
): Promise<{ api: Api; revoked: Revoked }> {
  return revoking(ctx, async (tx) => {
    const before = await lockApi(tx, apiId);
    if (!before) throw apiNotFound();
    refuseBuiltInApi(before);
    if (before.enforcesRoles === enforcesRoles) return { api: before, revoked: nothingEnded(ctx) };
    const now = ctx.clock.now();
    const api: Api = { ...before, enforcesRoles, updatedAt: now };
    await saveApiEnforcement(tx, apiId, enforcesRoles, now);
    const type = enforcesRoles ? 'api.roles-enforced' : 'api.roles-not-enforced';
    await record(tx, { occurredAt: now, type, actor, detail: { apiId, audience: api.audience } });
    await notifyApi(tx, apiId);
    const revoked = enforcesRoles ? await revokeWithin(tx, ctx, { api: apiId }, actor) : nothingEnded(ctx);
    return { api, revoked };
  });
}
