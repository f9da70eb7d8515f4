import { record, type Actor } from '../audit/record.ts';
import { deleteClientRow, listClientsActingFor, notifyClientsOfApi } from '../clients/store.ts';
import { deleteConsentedScopes } from '../grants/consent-store.ts';
import { refuseBuiltInApi } from '../resources/built-in.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { deleteApiRow, lockApi, notifyApi } from '../resources/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Ends every token for the API and forgets it, with its scopes, what clients might ask of it, and the clients that are its
 * own credentials. Throws `api_not_found` (404).
 */
export async function deleteApi(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const api = await lockApi(tx, id);
    if (!api) throw apiNotFound();
    refuseBuiltInApi(api);
    // Before the row goes: afterwards nobody can tell which clients mentioned it.
    await notifyClientsOfApi(tx, id);
    const ownClients = await listClientsActingFor(tx, id);
    for (const clientId of ownClients) {
      await deleteClientRow(tx, clientId);
      await record(tx, { occurredAt: ctx.clock.now(), type: 'client.deleted', actor, clientId });
    }
    const scopes = api.scopes.map(({ name }) => name);
    await deleteConsentedScopes(tx, { audience: api.audience, scopes });
    await deleteApiRow(tx, id);
    const detail = { apiId: id, audience: api.audience };
    await record(tx, { occurredAt: ctx.clock.now(), type: 'api.deleted', actor, detail });
    await notifyApi(tx, id);
    let { tokens, knownBy } = await revokeWithin(tx, ctx, { api: id }, actor);
    for (const client of ownClients) {
      const own = await revokeWithin(tx, ctx, { client }, actor);
      tokens += own.tokens;
      knownBy = own.knownBy;
    }
    return { tokens, knownBy };
  });
}
