import type { Requirement } from '../config/requirement.ts';
import type { Api, SigningAlg } from '../resources/api.ts';
import { checkAudience, checkName, checkScopes, checkTokenTtl } from '../resources/rules.ts';
import { sortedRecord, type Json, type Settings } from './configuration.ts';
import type { Given } from './document.ts';
import { checked, type Path, type Problem } from './problem.ts';

/** A type, not an interface, so that it is JSON to the compiler as well. */
export type ApiNormal = Readonly<{
  audience: string;
  name: string;
  /** Name → description. */
  scopes: Readonly<Record<string, string>>;
  token_ttl_seconds: number;
  signing_alg: SigningAlg;
  requirement: Requirement;
  enforces_roles: boolean;
  disabled: boolean;
}>;

const DEFAULTS = { signing_alg: 'ES256', requirement: 'any', enforces_roles: false } as const;

export function normalizeApi(
  given: Given<'apis'>,
  { tokens }: Settings,
  path: Path,
  problems: Problem[],
): ApiNormal {
  const { audience, name, scopes = [], token_ttl_seconds: ttl = tokens.accessTtlSeconds } = given;
  checked(problems, [...path, 'audience'], () => checkAudience(audience));
  checked(problems, [...path, 'name'], () => checkName(name));
  checked(problems, [...path, 'scopes'], () => checkScopes(scopes));
  checked(problems, [...path, 'token_ttl_seconds'], () => checkTokenTtl(ttl));
  return {
    audience,
    name,
    scopes: sortedRecord(scopes.map((scope) => [scope.name, scope.description])),
    token_ttl_seconds: ttl,
    signing_alg: given.signing_alg ?? DEFAULTS.signing_alg,
    requirement: given.requirement ?? DEFAULTS.requirement,
    enforces_roles: given.enforces_roles ?? DEFAULTS.enforces_roles,
    disabled: given.disabled ?? false,
  };
}

export function normalOfApi(api: Api): ApiNormal {
  return {
    audience: api.audience,
    name: api.name,
    scopes: sortedRecord(api.scopes.map(({ name, description }) => [name, description])),
    token_ttl_seconds: api.tokenTtlSeconds,
    signing_alg: api.signingAlg,
    requirement: api.requirement,
    enforces_roles: api.enforcesRoles,
    disabled: api.disabledAt !== null,
  };
}

/** What a file says of it; the lifetime always, because its default is a setting of the server. */
export function apiToFile(api: ApiNormal): Readonly<Record<string, Json>> {
  const scopes = Object.entries(api.scopes).map(([name, description]) => ({ name, description }));
  return {
    audience: api.audience,
    name: api.name,
    ...(scopes.length > 0 && { scopes }),
    token_ttl_seconds: api.token_ttl_seconds,
    ...(api.signing_alg !== DEFAULTS.signing_alg && { signing_alg: api.signing_alg }),
    ...(api.requirement !== DEFAULTS.requirement && { requirement: api.requirement }),
    ...(api.enforces_roles && { enforces_roles: true }),
    ...(api.disabled && { disabled: true }),
  };
}
