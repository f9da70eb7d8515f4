import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Requirement } from '../config/requirement.ts';
import type { Database } from '../db/database.ts';
import type { Api, ApiScope } from './api.ts';
import { byName } from './create-api.ts';
import { refuseBuiltInApi } from './built-in.ts';
import { apiNotFound } from './not-found.ts';
import { checkName, checkScopes, checkSigningAlg, checkTokenTtl } from './rules.ts';
import { lockApi, notifyApi, saveApi, saveScopes } from './store.ts';

export interface ApiChanges {
  readonly name?: string | undefined;
  /** Scopes to add or to describe anew. Taking one away is `revocation/remove-scopes.ts`. */
  readonly scopes?: readonly ApiScope[] | undefined;
  /** For tokens from now on. */
  readonly tokenTtlSeconds?: number | undefined;
  readonly signingAlg?: string | undefined;
  /** For tokens from now on, refreshed ones too. */
  readonly requirement?: Requirement | undefined;
}

/** The audience stays as it is: it stands in tokens and in the verifiers' settings. Throws `api_not_found` (404) and what `createApi` throws. */
export async function updateApi(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  changes: ApiChanges,
  actor: Actor,
): Promise<Api> {
  return db.transaction(async (tx) => {
    const before = await lockApi(tx, id);
    if (!before) throw apiNotFound();
    refuseBuiltInApi(before);
    const after: Api = {
      ...before,
      name: changes.name === undefined ? before.name : checkName(changes.name),
      scopes: checkScopes(mergeScopes(before.scopes, changes.scopes ?? [])),
      tokenTtlSeconds:
        changes.tokenTtlSeconds === undefined
          ? before.tokenTtlSeconds
          : checkTokenTtl(changes.tokenTtlSeconds),
      signingAlg: changes.signingAlg === undefined ? before.signingAlg : checkSigningAlg(changes.signingAlg),
      requirement: changes.requirement ?? before.requirement,
      updatedAt: clock.now(),
    };
    await saveApi(tx, after);
    await saveScopes(tx, id, changes.scopes ?? []);
    const changed = Object.entries(changes).filter(([, value]) => value !== undefined);
    const detail = { apiId: id, audience: before.audience, changed: changed.map(([member]) => member) };
    await record(tx, { occurredAt: after.updatedAt, type: 'api.updated', actor, detail });
    await notifyApi(tx, id);
    return after;
  });
}

function mergeScopes(before: readonly ApiScope[], changes: readonly ApiScope[]): ApiScope[] {
  const kept = before.filter((scope) => !changes.some(({ name }) => name === scope.name));
  return [...kept, ...changes].sort(byName);
}
