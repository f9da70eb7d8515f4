/**
 * The check of one token: RFC 9068 §4, under the rules of RFC 8725. Nothing here knows a network: keys, status and opaque tokens come
 * from whatever the caller puts behind them, so that an API (over HTTP) and the issuer itself (from its own tables) check alike.
 */
import { certificateThumbprint } from './certificate.ts';
import { withChallenge, type ChallengeOptions } from './challenge.ts';
import { readCredentials, schemeOf, type Presented } from './credentials.ts';
import type { DpopCheck } from './dpop.ts';
import { invalidToken, unavailable } from './refusal.ts';
import { checkRequirements } from './requirements.ts';
import { createJwtReader } from './jwt-reader.ts';
import type { TokenClaims } from './token-claims.ts';
import { TokenError } from './token-error.ts';
import type { KeySource, Requirements, ResourceRequest, StatusSource, VerifiedToken } from './verifier.ts';

/** Headers of 16 kB are the most that common servers take; a token is a part of one. */
const TOKEN_LENGTH_MAX = 16_384;

export interface TokenCheckOptions {
  readonly issuer: string;
  /** One of them must be in `aud`. Left out: every call says its own. */
  readonly audience?: readonly string[] | undefined;
  readonly keys: KeySource;
  readonly status: StatusSource;
  readonly requireStatus?: boolean | undefined;
  readonly algorithms: readonly string[];
  readonly clockSkewSeconds: number;
  readonly dpop: DpopCheck;
  /** Refuse tokens that are bound to no key. */
  readonly dpopRequired?: boolean | undefined;
  /** Resolves an opaque token (RFC 7662). Left out: such tokens are refused. */
  readonly introspect?: ((token: string) => Promise<TokenClaims>) | undefined;
  readonly challenge: ChallengeOptions;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface TokenCheck {
  verify(
    token: string,
    request?: ResourceRequest,
    requirements?: Requirements,
    audience?: readonly string[],
  ): Promise<VerifiedToken>;
  authenticate(
    request: ResourceRequest,
    requirements?: Requirements,
    audience?: readonly string[],
  ): Promise<VerifiedToken>;
}

interface Presentation {
  readonly token: string;
  readonly request: ResourceRequest | undefined;
  /** Unknown where the token did not come in an Authorization header. */
  readonly scheme: Presented['scheme'] | undefined;
  readonly requirements: Requirements | undefined;
  readonly audience: readonly string[];
}

type Check = (presentation: Presentation) => Promise<VerifiedToken>;

export function createTokenCheck(options: TokenCheckOptions): TokenCheck {
  const check = createCheck(options);
  const own = options.audience ?? [];
  return {
    async verify(token, request, requirements, audience = own) {
      const scheme = schemeOf(request?.authorization);
      try {
        return await check({ token, request, scheme, requirements, audience });
      } catch (error) {
        throw await answerOf(error, options, scheme, requirements);
      }
    },
    async authenticate(request, requirements, audience = own) {
      try {
        const { token, scheme } = readCredentials(request.authorization);
        return await check({ token, request, scheme, requirements, audience });
      } catch (error) {
        throw await answerOf(error, options, schemeOf(request.authorization), requirements);
      }
    },
  };
}

function createCheck(options: TokenCheckOptions): Check {
  const { introspect, now, clockSkewSeconds } = options;
  const readJwt = createJwtReader({ ...options, algorithms: new Set(options.algorithms) });

  return async (presentation) => {
    const { token, request, requirements } = presentation;
    if (typeof token !== 'string' || token.length > TOKEN_LENGTH_MAX) {
      throw invalidToken('malformed', 'The token is not text of a sensible length.');
    }
    // A JWT has dots and an opaque token of our issuer has none, so no forged JWT costs an introspection.
    const isOpaque = introspect !== undefined && !token.includes('.');
    const claims = isOpaque ? await introspect(token) : await readJwt(token);
    checkTime(claims, now() / 1000, clockSkewSeconds);
    if (!presentation.audience.some((audience) => claims.audiences.includes(audience))) {
      throw invalidToken('audience', 'The token is meant for another API.');
    }
    // The issuer has just said that an opaque token is active.
    if (!isOpaque) await checkStatus(claims, options);
    if (claims.jkt === undefined) checkUnbound(presentation, options);
    else await checkKey(claims.jkt, presentation, options);
    if (claims.certificate !== undefined) await checkCertificate(claims.certificate, request);
    if (requirements) checkRequirements(claims, requirements, now() / 1000, clockSkewSeconds);
    return present(claims);
  };
}

function checkTime(
  { expiresAt, notBefore, issuedAt }: TokenClaims,
  nowSeconds: number,
  skewSeconds: number,
): void {
  if (nowSeconds >= expiresAt + skewSeconds) throw invalidToken('expired', 'The token has expired.');
  const earliest = Math.max(notBefore ?? 0, issuedAt ?? 0);
  if (nowSeconds < earliest - skewSeconds) throw invalidToken('not_yet_valid', 'The token is not valid yet.');
}

/** Waits only where the source has to: the usual answer is a bit in memory. */
function checkStatus(token: TokenClaims, options: TokenCheckOptions): void | Promise<void> {
  if (!token.status && options.requireStatus === true) {
    throw invalidToken('claims', 'The token does not say where its status is kept.');
  }
  const status = options.status.statusOf(token.claims);
  if (typeof status === 'string') return STATUS_CHECKS[status]();
  return status.then((later) => STATUS_CHECKS[later]());
}

const STATUS_CHECKS = {
  valid() {
    // Nothing to say.
  },
  revoked() {
    throw invalidToken('revoked', 'The token was revoked.');
  },
  suspended() {
    throw invalidToken('suspended', 'The token is suspended.');
  },
  unavailable() {
    throw unavailable('status_unavailable', 'It cannot be told now whether the token was revoked.');
  },
} as const;

function checkUnbound({ scheme }: Presentation, { dpopRequired }: TokenCheckOptions): void {
  if (dpopRequired === true) throw invalidToken('not_bound', 'The token is bound to no key.');
  // RFC 9449 §7.1: the scheme DPoP says that the token is bound, and this one is not.
  if (scheme === 'DPoP') throw invalidToken('not_bound', 'The token is bound to no key.');
}

/** RFC 9449 §7.1 and §7.2: with Bearer a bound token would be worth as much to a thief as to its owner. */
async function checkKey(
  jkt: string,
  { token, request, scheme }: Presentation,
  { dpop }: TokenCheckOptions,
): Promise<void> {
  if (scheme === 'Bearer' || !request) {
    throw invalidToken('scheme', 'The token is bound to a key and needs the scheme DPoP with a proof.');
  }
  await dpop.check(request, token, jkt);
}

/** RFC 8705 §3. */
async function checkCertificate(thumbprint: string, request: ResourceRequest | undefined): Promise<void> {
  const certificate = request?.certificate;
  if (certificate === undefined || (await certificateThumbprint(certificate)) !== thumbprint) {
    throw invalidToken('wrong_certificate', 'The token is bound to a certificate that was not presented.');
  }
}

function present({ claims, subject, clientId, scopes, jkt, certificate }: TokenClaims): VerifiedToken {
  return {
    claims,
    subject,
    clientId,
    scopes: new Set(scopes),
    scheme: jkt === undefined ? 'Bearer' : 'DPoP',
    senderConstrained: jkt !== undefined || certificate !== undefined,
  };
}

/** With the headers of the answer. What is no TokenError is a bug or a broken source; the caller must not take it for a yes. */
async function answerOf(
  error: unknown,
  options: TokenCheckOptions,
  scheme: Presented['scheme'] | undefined,
  requirements: Requirements | undefined,
): Promise<TokenError> {
  if (!(error instanceof TokenError)) {
    return unavailable('status_unavailable', 'The token cannot be checked now.', error);
  }
  // A bound token that came as Bearer is answered with what it needs (RFC 9449 §7.1).
  const answerScheme = error.reason === 'scheme' ? 'DPoP' : scheme;
  const challenged = withChallenge(error, options.challenge, answerScheme, requirements);
  if (error.code !== 'use_dpop_nonce' || error.headers['DPoP-Nonce'] !== undefined) return challenged;
  const nonce = await options.dpop.nonce();
  if (nonce === undefined) return challenged;
  const headers = { ...challenged.headers, 'DPoP-Nonce': nonce };
  const { status, reason, cause } = challenged;
  return new TokenError(error.code, error.message, { status, reason, headers, cause });
}
