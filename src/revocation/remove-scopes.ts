import { record, type Actor } from '../audit/record.ts';
import { notifyClientsOfApi, stripScopes } from '../clients/store.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { deleteConsentedScopes } from '../grants/consent-store.ts';
import type { Api } from '../resources/api.ts';
import { refuseBuiltInApi } from '../resources/built-in.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { deleteScopes, lockApi, notifyApi } from '../resources/store.ts';
import { notifyRoles, stripRoleScopes } from '../roles/store.ts';

/**
 * Takes scopes away from an API, from its roles, and from every client that might ask for them. Tokens that carry them live on until they
 * expire, because nobody records the scopes of a token: revoke the API's tokens when that is too late. Throws
 * `api_not_found`, `scope_not_found` (404).
 */
export async function removeScopes(
  { db, clock }: { db: Database; clock: Clock },
  apiId: string,
  names: readonly string[],
  actor: Actor,
): Promise<Api> {
  return db.transaction(async (tx) => {
    const api = await lockApi(tx, apiId);
    if (!api) throw apiNotFound();
    refuseBuiltInApi(api);
    const unknown = names.filter((name) => !api.scopes.some((scope) => scope.name === name));
    if (unknown.length > 0) {
      throw new AppError('scope_not_found', `The API has no scope ${unknown.join(', ')}.`, { status: 404 });
    }
    await notifyClientsOfApi(tx, apiId);
    await stripScopes(tx, apiId, names);
    await stripRoleScopes(tx, apiId, names);
    await notifyRoles(tx);
    await deleteScopes(tx, apiId, names);
    await deleteConsentedScopes(tx, { audience: api.audience, scopes: names });
    const detail = { apiId, audience: api.audience, scopes: names };
    await record(tx, { occurredAt: clock.now(), type: 'api.scopes-removed', actor, detail });
    await notifyApi(tx, apiId);
    return { ...api, scopes: api.scopes.filter(({ name }) => !names.includes(name)) };
  });
}
