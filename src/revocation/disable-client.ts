import { record, type Actor } from '../audit/record.ts';
import { refuseBuiltIn } from '../clients/built-in.ts';
import { clientNotFound } from '../clients/not-found.ts';
import { lockClient, notifyClient, saveClientDisabled } from '../clients/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Ends everything the client holds and lets it ask for nothing more. Throws `client_not_found` (404), `client_built_in` (409).
 */
export async function disableClient(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const client = await lockClient(tx, id);
    if (!client) throw clientNotFound();
    refuseBuiltIn(client);
    const now = ctx.clock.now();
    if (client.disabledAt === null) {
      await saveClientDisabled(tx, id, now, now);
      await record(tx, { occurredAt: now, type: 'client.disabled', actor, clientId: id });
      await notifyClient(tx, id);
    }
    return revokeWithin(tx, ctx, { client: id }, actor);
  });
}
