import type { Knex } from 'knex';

import { AppError } from '../errors.ts';
import { ensureApiAccess, lockApiReferences, saveApiAccess, type ApiReference } from './store.ts';

/** Which APIs a client may ask tokens for, by audience. */
export interface WantedAccess {
  /** The scopes it may ask for; replaces what it might ask of that API before. */
  readonly apis?: readonly { readonly audience: string; readonly scopes: readonly string[] }[] | undefined;
  /** The API of a request that names none; null for none. Gives access, if only without scopes. */
  readonly defaultAudience?: string | null | undefined;
  /** The API whose own credentials these are; null for none. */
  readonly actsForAudience?: string | null | undefined;
}

/** The same by id, checked. undefined: not mentioned. */
export interface ResolvedAccess {
  readonly apis: readonly { readonly apiId: string; readonly scopes: readonly string[] }[];
  readonly defaultApiId: string | null | undefined;
  readonly actsForApiId: string | null | undefined;
}

/** Throws `api_not_found` (404) and `invalid_scope` (400). The APIs stay locked until the transaction ends. */
export async function resolveAccess(tx: Knex.Transaction, wanted: WantedAccess): Promise<ResolvedAccess> {
  const { apis = [], defaultAudience, actsForAudience } = wanted;
  const mentioned = [...apis.map(({ audience }) => audience), defaultAudience, actsForAudience];
  const references = await lockApiReferences(tx, [
    ...new Set(mentioned.filter((audience) => typeof audience === 'string')),
  ]);
  const resolve = (audience: string) => getReference(references, audience);
  return {
    apis: apis.map(({ audience, scopes }) => checkScopes(resolve(audience), scopes)),
    defaultApiId: defaultAudience ? resolve(defaultAudience).id : defaultAudience && null,
    actsForApiId: actsForAudience ? resolve(actsForAudience).id : actsForAudience && null,
  };
}

export async function grantAccess(
  tx: Knex.Transaction,
  clientId: string,
  access: ResolvedAccess,
): Promise<void> {
  for (const { apiId, scopes } of access.apis) await saveApiAccess(tx, clientId, apiId, scopes);
  if (access.defaultApiId) await ensureApiAccess(tx, clientId, access.defaultApiId);
}

function getReference(references: readonly ApiReference[], audience: string): ApiReference {
  const found = references.find((reference) => reference.audience === audience);
  if (!found)
    throw new AppError('api_not_found', `There is no API with the audience ${audience}.`, { status: 404 });
  return found;
}

function checkScopes(api: ApiReference, scopes: readonly string[]): { apiId: string; scopes: string[] } {
  const unknown = scopes.filter((scope) => !api.scopes.includes(scope));
  if (unknown.length > 0) {
    const known = api.scopes.length > 0 ? `it has ${api.scopes.join(', ')}` : 'it has none';
    throw new AppError(
      'invalid_scope',
      `The API ${api.audience} has no scope ${unknown.join(', ')}: ${known}.`,
      {
        status: 400,
      },
    );
  }
  return { apiId: api.id, scopes: [...new Set(scopes)].sort() };
}
