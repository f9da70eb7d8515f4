import type { ClientRecord } from '../clients/client.ts';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { scopesOf } from '../roles/assignment-store.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import type { AdminContext } from './context.ts';
import type { Operator } from './operation.ts';
import { adminAudience } from './paths.ts';

/**
 * Nobody comes to more than they have: who may change clients could otherwise give one of them, whose secret they are shown, what they
 * may not do themselves. Throws `insufficient_scope` (403).
 */
export function requireWithinReach({ scopes }: Operator, wanted: Iterable<string>): void {
  const beyond = [...wanted].filter((scope) => !scopes.has(scope));
  if (beyond.length === 0) return;
  throw new AppError(
    'insufficient_scope',
    `You cannot give or touch what you do not have: ${beyond.join(' ')}.`,
    {
      status: 403,
    },
  );
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
