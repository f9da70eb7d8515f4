import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Requirement } from '../config/requirement.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import type { Api, ApiScope } from './api.ts';
import { checkAudience, checkName, checkScopes, checkSigningAlg, checkTokenTtl } from './rules.ts';
import { API_COUNT_MAX, countApis, insertApi, notifyApi } from './store.ts';

export interface NewApi {
  readonly audience: string;
  /** Shown on the consent page. */
  readonly name: string;
  readonly scopes?: readonly ApiScope[] | undefined;
  readonly tokenTtlSeconds: number;
  /** ES256 unless said otherwise: an eleventh of the work of RS256. */
  readonly signingAlg?: string | undefined;
  /** `any` unless said otherwise. */
  readonly requirement?: Requirement | undefined;
  /** false unless said otherwise. */
  readonly enforcesRoles?: boolean | undefined;
  readonly actor: Actor;
}

/**
 * Throws `invalid_audience`, `invalid_api_name`, `invalid_scope_name`, `invalid_scope_description`, `invalid_token_ttl`,
 * `invalid_signing_alg` (400), `audience_taken`, `too_many_apis` (409).
 */
export async function createApi({ db, clock }: { db: Database; clock: Clock }, input: NewApi): Promise<Api> {
  const now = clock.now();
  const api: Api = {
    id: newId('api'),
    audience: checkAudience(input.audience),
    name: checkName(input.name),
    scopes: checkScopes(input.scopes ?? []).toSorted(byName),
    tokenTtlSeconds: checkTokenTtl(input.tokenTtlSeconds),
    signingAlg: checkSigningAlg(input.signingAlg ?? 'ES256'),
    requirement: input.requirement ?? 'any',
    enforcesRoles: input.enforcesRoles ?? false,
    origin: 'operator',
    disabledAt: null,
    createdAt: now,
    updatedAt: now,
  };
  await db.transaction(async (tx) => {
    if ((await countApis(tx)) >= API_COUNT_MAX) {
      throw new AppError('too_many_apis', `There are ${API_COUNT_MAX} APIs already.`, { status: 409 });
    }
    await insertApi(tx, api).catch(refuseTaken);
    const detail = { apiId: api.id, audience: api.audience };
    await record(tx, { occurredAt: now, type: 'api.created', actor: input.actor, detail });
    await notifyApi(tx, api.id);
  });
  return api;
}

export function byName(a: ApiScope, b: ApiScope): number {
  return a.name < b.name ? -1 : 1;
}

function refuseTaken(error: unknown): never {
  if (violatedConstraint(error) !== 'apis_audience_key') throw error;
  throw new AppError('audience_taken', 'Another API has this audience.', { status: 409, cause: error });
}
