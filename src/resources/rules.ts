import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import { SIGNING_ALGS, type ApiScope, type SigningAlg } from './api.ts';

const AUDIENCE_LENGTH_MAX = 500;
const TEXT_LENGTH_MAX = 200;
const SCOPE_NAME_LENGTH_MAX = 100;
/** All of them may stand in one token, which has to fit into a header. */
const SCOPES_MAX = 200;
/** As long as the ledger keeps a row before its partition is dropped; see migrations/0003. */
const TOKEN_TTL_SECONDS_MAX = 86_400;

/** RFC 3986 §2: nothing that a header, a log or a shell could read in another way. */
const URI_CHARACTERS = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/** RFC 6749 §3.3: scope-token. */
const SCOPE_NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** OIDC Core §5.4 and §11: these ask for claims about a person or a refresh token, never for access to an API. */
const RESERVED_SCOPES = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access']);

/** RFC 8707 §2: an absolute URI without a fragment. Throws `invalid_audience`. */
export function checkAudience(audience: string): string {
  const isUri =
    audience.length <= AUDIENCE_LENGTH_MAX && URI_CHARACTERS.test(audience) && URL.canParse(audience);
  const authority = /^[^:]*:\/\/([^/?#]*)/.exec(audience)?.[1];
  if (!isUri || audience.includes('#') || authority === '' || authority?.includes('@')) {
    throw new AppError(
      'invalid_audience',
      'An audience is an absolute URI without a fragment, for example https://api.example.com/orders.',
      { status: 400 },
    );
  }
  return audience;
}

/** Throws `invalid_api_name`. */
export function checkName(name: string): string {
  if (isText(name)) return name;
  const rule = `A name is 1 to ${TEXT_LENGTH_MAX} characters without control characters.`;
  throw new AppError('invalid_api_name', rule, { status: 400 });
}

/** Throws `invalid_scope_name`, `invalid_scope_description`, `too_many_scopes`. */
export function checkScopes(scopes: readonly ApiScope[]): readonly ApiScope[] {
  if (scopes.length > SCOPES_MAX) {
    throw new AppError('too_many_scopes', `An API has at most ${SCOPES_MAX} scopes.`, { status: 400 });
  }
  for (const { name, description } of scopes) {
    if (name.length > SCOPE_NAME_LENGTH_MAX || !SCOPE_NAME.test(name)) {
      const rule = `The name of a scope is 1 to ${SCOPE_NAME_LENGTH_MAX} printable ASCII characters without space, quote and backslash.`;
      throw new AppError('invalid_scope_name', rule, { status: 400 });
    }
    if (RESERVED_SCOPES.has(name)) {
      throw new AppError('invalid_scope_name', `The scope ${name} is reserved by OpenID Connect.`, {
        status: 400,
      });
    }
    if (!isText(description)) {
      const rule = `The description of ${name} is 1 to ${TEXT_LENGTH_MAX} characters without control characters.`;
      throw new AppError('invalid_scope_description', rule, { status: 400 });
    }
  }
  if (new Set(scopes.map(({ name }) => name)).size < scopes.length) {
    throw new AppError('invalid_scope_name', 'A scope is named twice.', { status: 400 });
  }
  return scopes;
}

/** Throws `invalid_token_ttl`. */
export function checkTokenTtl(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= TOKEN_TTL_SECONDS_MAX) return seconds;
  const rule = `The lifetime of a token is a whole number of seconds from 1 to ${TOKEN_TTL_SECONDS_MAX}.`;
  throw new AppError('invalid_token_ttl', rule, { status: 400 });
}

/** Throws `invalid_signing_alg`. */
export function checkSigningAlg(alg: string): SigningAlg {
  const known = SIGNING_ALGS.find((candidate) => candidate === alg);
  if (known) return known;
  throw new AppError('invalid_signing_alg', `Tokens are signed with ${SIGNING_ALGS.join(', ')}.`, {
    status: 400,
  });
}

function isText(text: string): boolean {
  return text.trim() !== '' && text.length <= TEXT_LENGTH_MAX && isStorable(text) && !/\p{Cc}/u.test(text);
}
