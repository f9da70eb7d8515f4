import type { Config } from '../config/config.ts';
import { checkAuthentication } from './check-authentication.ts';
import type { ClientOrigin } from './client.ts';
import { checkExchangeGrant, TOKEN_EXCHANGE } from './exchange.ts';
import { checkJwks } from './jwks.ts';
import { invalidMetadata } from './problem.ts';
import { checkRedirectUri, checkWebUri, type WebUriPolicy } from './uris.ts';

/**
 * RFC 7591 client metadata: the rules that CLI, registration endpoint and admin API share. They are narrower than the
 * protocol library's, which accepts http and wildcard redirect URIs, user information, and any text as a name.
 */
export type ClientMetadata = Readonly<Record<string, unknown>>;

export interface MetadataPolicy {
  readonly origin: ClientOrigin;
  readonly mode: 'development' | 'production';
  /** Whether client certificates reach this server (RFC 8705). Default false. */
  readonly mutualTls?: boolean;
}

export function metadataPolicy(
  config: Pick<Config, 'mode'> & Partial<Pick<Config, 'clientCertificateHeader'>>,
  origin: ClientOrigin,
): MetadataPolicy {
  return { origin, mode: config.mode, mutualTls: config.clientCertificateHeader !== undefined };
}

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  TOKEN_EXCHANGE,
] as const;
export const AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'self_signed_tls_client_auth',
  'none',
] as const;
/** Algorithms of client assertions that we verify. */
export const CLIENT_AUTH_ALGS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const;
/** Algorithms we hold signing keys for. */
export const ID_TOKEN_ALGS = ['RS256', 'ES256', 'EdDSA'] as const;
/** Scopes that are ours and not an API's (OIDC Core §5.4, §11). */
export const OIDC_SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const;

const URIS_MAX = 50;
const CONTACTS_MAX = 10;
const TEXT_LENGTH_MAX = 200;
/** A year: more would be the same as never asking again. */
const MAX_AGE_MAX_SECONDS = 31_536_000;

/** WHATWG HTML's pattern for `type=email`, which the library applies as well. */
const EMAIL = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*$/;
/** Control characters, and the invisible ones that reorder or hide what a person reads on the consent page. */
const DECEPTIVE = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff<>]/u;

type Rule = (value: unknown, member: string, policy: MetadataPolicy) => unknown;

/** Every member we know. The rest is refused from operators (a typing error) and ignored from others (RFC 7591 §2). */
const RULES: Readonly<Record<string, Rule>> = {
  application_type: oneOf(['web', 'native']),
  client_name: text,
  client_uri: pageUri,
  logo_uri: pageUri,
  policy_uri: pageUri,
  tos_uri: pageUri,
  contacts: listOf(contact, CONTACTS_MAX),
  software_id: text,
  software_version: text,
  // Their content depends on application_type: see checkRedirectUris.
  redirect_uris: listOf(string, URIS_MAX),
  post_logout_redirect_uris: listOf(string, URIS_MAX),
  grant_types: listOf(oneOf(GRANT_TYPES), GRANT_TYPES.length),
  response_types: listOf(oneOf(['code']), 1),
  response_modes: listOf(oneOf(['query', 'fragment', 'form_post']), 3),
  scope,
  token_endpoint_auth_method: oneOf(AUTH_METHODS),
  token_endpoint_auth_signing_alg: oneOf(CLIENT_AUTH_ALGS),
  jwks: checkJwks,
  jwks_uri: fetchedUri,
  sector_identifier_uri: strictlyHttpsUri,
  initiate_login_uri: strictlyHttpsUri,
  backchannel_logout_uri: backchannelUri,
  backchannel_logout_session_required: boolean,
  id_token_signed_response_alg: oneOf(ID_TOKEN_ALGS),
  subject_type: oneOf(['public']),
  default_max_age: maxAge,
  require_auth_time: boolean,
  require_pushed_authorization_requests: boolean,
  dpop_bound_access_tokens: boolean,
  tls_client_certificate_bound_access_tokens: boolean,
};

/** Made by the server; they come along when somebody sends back what they were shown (RFC 7592 §2.2). */
const SERVER_MEMBERS = new Set([
  'client_id',
  'client_secret',
  'client_id_issued_at',
  'client_secret_expires_at',
  'registration_access_token',
  'registration_client_uri',
]);

/**
 * Returns the document as it is stored: known members only, defaults that depend on other members filled in. Throws
 * `invalid_client_metadata` or `invalid_redirect_uri` (RFC 7591 §3.2.2), status 400.
 */
export function validateClientMetadata(
  metadata: Readonly<Record<string, unknown>>,
  policy: MetadataPolicy,
): ClientMetadata {
  const checked: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(metadata)) {
    if (value === undefined || value === null || SERVER_MEMBERS.has(member)) continue;
    const rule = Object.hasOwn(RULES, member) ? RULES[member] : undefined;
    if (!rule) refuseUnknown(member, value, policy);
    const kept = rule?.(value, member, policy);
    if (kept !== undefined) checked[member] = kept;
  }
  const complete = withDefaults(checked);
  checkRedirectUris(complete);
  checkGrants(complete);
  const authMethod = complete.token_endpoint_auth_method;
  checkExchangeGrant(complete.grant_types, { origin: policy.origin, authMethod });
  checkAuthentication(complete, { mutualTls: policy.mutualTls ?? false });
  return complete;
}

function refuseUnknown(member: string, value: unknown, { origin }: MetadataPolicy): void {
  // Ignoring `..._alg: HS256` would leave a client believing in a protection it does not have.
  if (
    member.endsWith('_alg') &&
    typeof value === 'string' &&
    /^(?:HS|A\d{3}|PBES2|dir$|none$)/i.test(value)
  ) {
    throw invalidMetadata(printable(member), 'must be an asymmetric algorithm');
  }
  if (origin === 'operator') throw invalidMetadata(printable(member), 'is not a member this server knows');
}

interface Complete extends Record<string, unknown> {
  application_type: string;
  grant_types: readonly string[];
  response_types: readonly string[];
  redirect_uris: readonly string[];
  token_endpoint_auth_method: string;
}

function withDefaults(checked: Record<string, unknown>): Complete {
  const grantTypes = strings(checked['grant_types']) ?? ['authorization_code'];
  const defaultResponseTypes = grantTypes.includes('authorization_code') ? ['code'] : [];
  return {
    ...checked,
    application_type: optional(checked['application_type']) ?? 'web',
    grant_types: grantTypes,
    response_types: strings(checked['response_types']) ?? defaultResponseTypes,
    redirect_uris: strings(checked['redirect_uris']) ?? [],
    token_endpoint_auth_method: optional(checked['token_endpoint_auth_method']) ?? 'client_secret_basic',
    id_token_signed_response_alg: checked['id_token_signed_response_alg'] ?? 'RS256',
  };
}

function checkRedirectUris(metadata: Complete): void {
  const native = metadata.application_type === 'native';
  for (const member of ['redirect_uris', 'post_logout_redirect_uris']) {
    const uris = strings(metadata[member]) ?? [];
    uris.forEach((uri, index) => checkRedirectUri(uri, `${member}[${index}]`, { native }));
  }
}

function checkGrants({ grant_types, response_types, redirect_uris, response_modes }: Complete): void {
  const usesCode = grant_types.includes('authorization_code');
  const usesDevice = grant_types.includes('urn:ietf:params:oauth:grant-type:device_code');
  if (usesCode !== response_types.includes('code')) {
    throw invalidMetadata('response_types', 'must have code exactly when grant_types has authorization_code');
  }
  if (usesCode && redirect_uris.length === 0)
    throw invalidMetadata('redirect_uris', 'must have at least one URI');
  if (usesCode && strings(response_modes)?.length === 0)
    throw invalidMetadata('response_modes', 'must not be empty');
  if (grant_types.includes('refresh_token') && !usesCode && !usesDevice) {
    throw invalidMetadata('grant_types', 'must have a grant that a refresh token can come from');
  }
}

// Rules of single members.

function string(value: unknown, member: string): string {
  if (typeof value !== 'string' || value === '') throw invalidMetadata(member, 'must be a non-empty string');
  return value;
}

function text(value: unknown, member: string): string {
  const given = string(value, member);
  if (given.length > TEXT_LENGTH_MAX)
    throw invalidMetadata(member, `must be at most ${TEXT_LENGTH_MAX} characters`);
  if (!given.isWellFormed() || DECEPTIVE.test(given)) {
    throw invalidMetadata(member, 'must not have control characters, invisible characters or angle brackets');
  }
  return given;
}

function boolean(value: unknown, member: string): boolean {
  if (typeof value !== 'boolean') throw invalidMetadata(member, 'must be true or false');
  return value;
}

function maxAge(value: unknown, member: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_AGE_MAX_SECONDS) {
    throw invalidMetadata(member, `must be a whole number of seconds from 0 to ${MAX_AGE_MAX_SECONDS}`);
  }
  return value;
}

function contact(value: unknown, member: string): string {
  const given = text(value, member);
  if (!EMAIL.test(given)) throw invalidMetadata(member, 'must be an e-mail address');
  return given;
}

function scope(value: unknown, member: string, { origin }: MetadataPolicy): string | undefined {
  const given = string(value, member).split(' ');
  const known = given.filter((name) => OIDC_SCOPES.some((scopeName) => scopeName === name));
  if (origin === 'operator' && known.length < given.length) {
    throw invalidMetadata(
      member,
      `must be some of ${OIDC_SCOPES.join(' ')}; scopes of an API are given per API`,
    );
  }
  return [...new Set(known)].join(' ') || undefined;
}

function oneOf(allowed: readonly string[]): Rule {
  return (value, member) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw invalidMetadata(member, `must be ${allowed.join(' or ')}`);
    return found;
  };
}

function listOf(rule: Rule, countMax: number): Rule {
  return (value, member, policy) => {
    if (!Array.isArray(value)) throw invalidMetadata(member, 'must be an array');
    if (value.length > countMax) throw invalidMetadata(member, `must have at most ${countMax} members`);
    const checked = value.map((item: unknown, index) => rule(item, `${member}[${index}]`, policy));
    return [...new Set(checked)];
  };
}

function pageUri(value: unknown, member: string, policy: MetadataPolicy): string {
  const uri = string(value, member);
  checkWebUri(uri, member, { allowLoopbackHttp: isDeveloping(policy), publicHostOnly: false });
  return uri;
}

/** We make the request ourselves, so a stranger may not point it inwards; what an operator writes is theirs to answer for. */
function fetchedUri(value: unknown, member: string, policy: MetadataPolicy): string {
  const uri = string(value, member);
  checkWebUri(uri, member, outbound(policy));
  return uri;
}

/** OIDC Back-Channel Logout §2.2: no fragment. */
function backchannelUri(value: unknown, member: string, policy: MetadataPolicy): string {
  const uri = fetchedUri(value, member, policy);
  if (uri.includes('#')) throw invalidMetadata(member, 'must not have a fragment');
  return uri;
}

/** The library insists on https here, wherever it points. */
function strictlyHttpsUri(value: unknown, member: string, policy: MetadataPolicy): string {
  const uri = string(value, member);
  checkWebUri(uri, member, { ...outbound(policy), allowLoopbackHttp: false });
  return uri;
}

function outbound(policy: MetadataPolicy): WebUriPolicy {
  return { allowLoopbackHttp: isDeveloping(policy), publicHostOnly: policy.origin === 'dynamic' };
}

function isDeveloping({ origin, mode }: MetadataPolicy): boolean {
  return origin === 'operator' && mode === 'development';
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

function printable(member: string): string {
  return /^[a-z0-9_#.-]{1,80}$/i.test(member) ? member : 'a member';
}
