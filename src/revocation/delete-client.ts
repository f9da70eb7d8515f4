import { record, type Actor } from '../audit/record.ts';
import { refuseBuiltIn } from '../clients/built-in.ts';
import { clientNotFound } from '../clients/not-found.ts';
import { deleteClientRow, lockClient, notifyClient } from '../clients/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Ends everything the client holds and forgets it with its secrets. Throws `client_not_found` (404), `client_built_in` (409). */
export async function deleteClient(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const client = await lockClient(tx, id);
    if (!client) throw clientNotFound();
    refuseBuiltIn(client);
    await deleteClientRow(tx, id);
    await record(tx, { occurredAt: ctx.clock.now(), type: 'client.deleted', actor, clientId: id });
    await notifyClient(tx, id);
    return revokeWithin(tx, ctx, { client: id }, actor);
  });
}
