import type { ClientRecord } from '../clients/client.ts';
import type { Config } from '../config/config.ts';
import { scopesOf } from '../roles/assignment-store.ts';
import { refuseBeyond } from '../roles/rules.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import type { AdminContext } from './context.ts';
import type { Operator } from './operation.ts';
import { adminAudience } from './paths.ts';

/**
 * Who may change clients could otherwise give one of them, whose secret they are shown, what they may not do themselves. Throws
 * `beyond_own_scopes` (403).
 */
export function requireWithinReach({ scopes }: Operator, wanted: Iterable<string>): void {
  refuseBeyond([...wanted], scopes);
}

/** What a client may ask for of the admin API. Whoever changes it, or is shown a secret of it, could act as it does. */
export function adminScopesOf(
  config: Pick<Config, 'issuer'>,
  {
    apis,
  }:
    | Pick<ClientRecord, 'apis'>
    | {
        readonly apis?:
          readonly { readonly audience: string; readonly scopes: readonly string[] }[] | undefined;
      },
): readonly string[] {
  const audience = adminAudience(config);
  return (apis ?? []).filter((api) => api.audience === audience).flatMap((api) => api.scopes);
}

/** What a person may do on the admin API. Whoever changes how they sign in could sign in as them. */
export function adminScopesOfAccount(
  { db }: Pick<AdminContext, 'db'>,
  accountId: string,
): Promise<ReadonlySet<string>> {
  return scopesOf(db.knex, { accountId }, ADMIN_API_ID);
}
