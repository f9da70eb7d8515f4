import { errors } from 'oidc-provider';

import { OIDC_SCOPES } from '../clients/metadata.ts';

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
/** RFC 8693 §3: a token that its issuer says is a JWT; here those of trusted issuers. */
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';

export const EXCHANGE_PARAMS = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'audience',
  'resource',
  'scope',
] as const;

/** RFC 8693 §2.1 lets these two be repeated. */
export const REPEATED_PARAMS = ['audience', 'resource'] as const;

export interface ExchangeRequest {
  /** `own`: an access token of ours. `foreign`: of a trusted issuer. */
  readonly subject: { readonly kind: 'own' | 'foreign'; readonly token: string };
  readonly actorToken: string | undefined;
  /** The API the new token is for, by its audience; undefined: the client's default. */
  readonly target: string | undefined;
  /** undefined: whatever may be had. */
  readonly scopes: readonly string[] | undefined;
}

/** Longer than any token of ours or anybody's that fits into a header. */
const TOKEN_LENGTH_MAX = 16_384;

/** RFC 8693 §2.1. Throws `invalid_request`, `invalid_target`, `invalid_scope`. */
export function parseExchange(params: Readonly<Record<string, unknown>>): ExchangeRequest {
  const requested = text(params, 'requested_token_type');
  if (requested !== undefined && requested !== ACCESS_TOKEN_TYPE)
    throw new errors.InvalidRequest('requested_token_type must be an access token');
  return {
    subject: parseSubject(params),
    actorToken: parseActor(params),
    target: parseTarget(params),
    scopes: parseScopes(params),
  };
}

function parseSubject(params: Readonly<Record<string, unknown>>): ExchangeRequest['subject'] {
  const token = parseToken(params, 'subject_token');
  const type = text(params, 'subject_token_type');
  if (token === undefined || type === undefined)
    throw new errors.InvalidRequest('subject_token and subject_token_type are required');
  if (type === ACCESS_TOKEN_TYPE) return { kind: 'own', token };
  if (type === JWT_TYPE) return { kind: 'foreign', token };
  // An ID token tells one client who has signed in. It is no credential for an API (RFC 9700 §4.9), and we keep no ledger of them.
  throw new errors.InvalidRequest(
    'subject_token_type must be access_token, or jwt for a token of a trusted issuer',
  );
}

function parseActor(params: Readonly<Record<string, unknown>>): string | undefined {
  const token = parseToken(params, 'actor_token');
  const type = text(params, 'actor_token_type');
  if ((token === undefined) !== (type === undefined))
    throw new errors.InvalidRequest('actor_token and actor_token_type come together');
  if (type !== undefined && type !== ACCESS_TOKEN_TYPE)
    throw new errors.InvalidRequest('actor_token_type must be an access token');
  return token;
}

function parseToken(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const token = text(params, name);
  if (token !== undefined && token.length > TOKEN_LENGTH_MAX)
    throw new errors.InvalidRequest(`${name} is too long`);
  return token;
}

/** Both name an API here: `resource` by RFC 8707, `audience` by the same word, which is what tokens carry. */
function parseTarget(params: Readonly<Record<string, unknown>>): string | undefined {
  const named = [...list(params['resource']), ...list(params['audience'])];
  const [target, ...others] = new Set(named);
  if (others.length > 0) throw new errors.InvalidTarget('a token is for one API');
  return target;
}

function parseScopes(params: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const scope = text(params, 'scope');
  if (scope === undefined) return undefined;
  const scopes = [...new Set(scope.split(' ').filter(Boolean))];
  const ours = scopes.find((name) => OIDC_SCOPES.some((known) => known === name));
  // Who somebody is, and access in their absence, are for the client that they signed in to.
  if (ours !== undefined) throw new errors.InvalidScope('only scopes of an API can be exchanged', ours);
  return scopes;
}

/** RFC 6749 §3.1: an empty value is none. */
function text(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function list(value: unknown): string[] {
  return [value].flat().filter((item): item is string => typeof item === 'string' && item !== '');
}
