import { errors } from 'oidc-provider';

import { meets, requirementOf } from '../authenticators/acr.ts';
import { findFactors } from '../authenticators/factor-store.ts';
import { canMeet } from '../authenticators/factors.ts';
import { strongest, type Requirement } from '../config/requirement.ts';
import type { Api } from '../resources/api.ts';
import type { HallContext } from './context.ts';

/** How sure this server is asked to be of a person. */
export interface Demand {
  /** Without it there is no code: of the server, the client, the APIs and an essential `acr` the strongest. */
  readonly required: Requirement;
  /** What `acr_values` asks for (OIDC Core §3.1.2.1): a wish, fulfilled with what the person has. */
  readonly wished: Requirement;
}

/** Parameters of an authorization request, as the library or an interaction holds them. */
export type RequestParams = Readonly<Record<string, unknown>>;

export async function demandOf(
  hall: Pick<HallContext, 'config' | 'clients' | 'apis'>,
  params: RequestParams,
): Promise<Demand> {
  const client = await hall.clients.find(String(params['client_id']));
  const audiences = [params['resource'] ?? []].flat().map(String);
  const apis = await Promise.all(audiences.map((audience) => hall.apis.findByAudience(audience)));
  const acrValues = typeof params['acr_values'] === 'string' ? params['acr_values'].split(' ') : [];
  return {
    required: strongest(
      hall.config.authentication.multiFactor === 'required' ? 'mfa' : 'any',
      client?.requirement ?? 'any',
      ...apis.map((api) => api?.requirement ?? 'any'),
      essentialAcr(params['claims']) ?? 'any',
    ),
    wished: requirementOf(acrValues) ?? 'any',
  };
}

/** Whether a person who is signed in has to prove more. `justSignedIn`: a wish was heard, and what came of it stands. */
export async function wantsMore(
  hall: Pick<HallContext, 'config' | 'clients' | 'apis' | 'db'>,
  {
    params,
    accountId,
    acr,
    justSignedIn,
  }: {
    params: RequestParams;
    accountId: string;
    acr: string | undefined;
    justSignedIn: boolean;
  },
): Promise<boolean> {
  const { required, wished } = await demandOf(hall, params);
  if (!meets(acr, required)) return true;
  if (justSignedIn || meets(acr, wished)) return false;
  return canMeet(await findFactors(hall.db.knex, accountId), wished);
}

/**
 * OIDC Core §5.5.1.1, for `claims.id_token.acr`. Levels instead of names: whoever asks for two factors is content with more.
 * Throws `invalid_request`, and `unmet_authentication_requirements` where none of the values is one of ours.
 */
export function checkEssentialAcr(acr: unknown): void {
  const wanted = readAcr(acr);
  if (wanted.essential && wanted.values.length > 0 && requirementOf(wanted.values) === undefined) {
    throw new errors.UnmetAuthenticationRequirements('none of the requested ACRs is supported');
  }
}

/**
 * Throws `invalid_grant`: RFC 9470 has no error for the token endpoint, so the description names the API's. The library hides
 * the descriptions of its own class of that name.
 */
export function checkStrength(api: Api, acr: unknown): void {
  if (meets(typeof acr === 'string' ? acr : undefined, api.requirement)) return;
  throw new errors.CustomOIDCProviderError(
    'invalid_grant',
    `insufficient_user_authentication: the API requires ${api.requirement}, and the person signed in with less`,
  );
}

function essentialAcr(claims: unknown): Requirement | undefined {
  if (typeof claims !== 'string') return undefined;
  const { id_token: asked } = JSON.parse(claims) as { id_token?: { acr?: unknown } };
  const { essential, values } = readAcr(asked?.acr);
  return essential ? requirementOf(values) : undefined;
}

function readAcr(acr: unknown): { essential: boolean; values: readonly string[] } {
  if (typeof acr !== 'object' || acr === null) return { essential: false, values: [] };
  const { essential, value, values = [] } = acr as { essential?: unknown; value?: unknown; values?: unknown };
  if (!Array.isArray(values)) throw new errors.InvalidRequest('claims.id_token.acr.values is not an array');
  const listed: unknown[] = value === undefined ? values : [value, ...values];
  const texts = listed.filter((each) => typeof each === 'string');
  if (texts.length < listed.length) throw new errors.InvalidRequest('an acr value is not a string');
  return { essential: essential === true, values: texts };
}
