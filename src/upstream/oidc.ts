import {
  authorizationCodeGrant,
  AuthorizationResponseError,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientError,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
  type Configuration,
  type IDToken,
} from 'openid-client';

import { epochSeconds } from '../clock.ts';
import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import { callbackUri } from './addresses.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import type { UpstreamIdentity } from './identity.ts';
import { singleValue } from './mapping.ts';
import { configurationOf, TOLERANCE_SECONDS } from './oidc-issuers.ts';
import { UpstreamError, type UpstreamReason } from './problem.ts';
import type {
  Beginning,
  Kept,
  ProtocolContext,
  RedirectProtocol,
  UpstreamAnswer,
  Wishes,
} from './protocol.ts';

/** OIDC Core §2, `sub`: at most 255 ASCII characters. */
const SUBJECT_LENGTH_MAX = 255;
const SID_LENGTH_MAX = 255;
const AMR_WORDS_MAX = 20;

type Provider = IdentityProviderOf<'oidc'>;

/** Authorization code with PKCE, nonce and state (OIDC Core §3.1, RFC 9700 §2.1, RFC 9207). */
export const oidcProtocol: RedirectProtocol<'oidc'> = { begin, finish };

async function begin(
  ctx: ProtocolContext,
  provider: Provider,
  asked: Wishes & { readonly state: string },
): Promise<Beginning> {
  const configuration = await configure(ctx, provider);
  const verifier = randomPKCECodeVerifier();
  const nonce = randomNonce();
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: callbackUri(ctx.config.issuer, provider.slug),
    response_type: 'code',
    scope: provider.settings.scopes.join(' '),
    state: asked.state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...wishParameters(provider, asked),
  });
  const { maxAgeSeconds } = asked;
  const freshFrom =
    maxAgeSeconds === undefined ? {} : { freshFrom: String(epochSeconds(ctx.clock) - maxAgeSeconds) };
  return { url: url.href, kept: { verifier, nonce, ...freshFrom } };
}

function wishParameters({ settings }: Provider, asked: Wishes): Record<string, string> {
  const { loginHint, uiLocales, maxAgeSeconds, selectAccount } = asked;
  const prompts = [maxAgeSeconds === 0 && 'login', selectAccount && 'select_account'].filter(
    (word) => word !== undefined && word !== false,
  );
  return {
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(uiLocales === undefined ? {} : { ui_locales: uiLocales }),
    ...(settings.acrValues.length === 0 ? {} : { acr_values: settings.acrValues.join(' ') }),
    // With max_age they must say when the person signed in (OIDC Core §2, auth_time), which finish checks.
    ...(maxAgeSeconds === undefined ? {} : { max_age: String(maxAgeSeconds) }),
    ...(prompts.length === 0 ? {} : { prompt: prompts.join(' ') }),
  };
}

async function finish(
  ctx: ProtocolContext,
  provider: Provider,
  came: { readonly state: string; readonly kept: Kept; readonly answer: UpstreamAnswer },
): Promise<UpstreamIdentity> {
  const configuration = await configure(ctx, provider);
  try {
    const { claims, accessToken } = await redeem(ctx, provider, configuration, came);
    checkClaims(provider, claims, came.kept['freshFrom']);
    const hasUserinfo = configuration.serverMetadata().userinfo_endpoint !== undefined;
    const userinfo = hasUserinfo ? await fetchUserInfo(configuration, accessToken, claims.sub) : {};
    // The ID token is signed, so what it says counts.
    return toIdentity(provider, { ...userinfo, ...claims });
  } catch (error) {
    throw toUpstreamError(error);
  }
}

async function redeem(
  { config }: ProtocolContext,
  { slug }: Provider,
  configuration: Configuration,
  { state, kept, answer }: { state: string; kept: Kept; answer: UpstreamAnswer },
): Promise<{ claims: IDToken; accessToken: string }> {
  const url = new URL(callbackUri(config.issuer, slug));
  url.search = new URLSearchParams(answer).toString();
  const { verifier, nonce } = kept;
  if (verifier === undefined || nonce === undefined)
    throw new TypeError('a request keeps its verifier and nonce');
  const tokens = await authorizationCodeGrant(configuration, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (!claims) throw new UpstreamError('wrong', 'there is no ID token');
  return { claims, accessToken: tokens.access_token };
}

/** What the library leaves open. */
function checkClaims({ settings }: Provider, claims: IDToken, freshFrom: string | undefined): void {
  // OIDC Core §3.1.3.7 rule 5; the library looks at it only where there are several audiences.
  if (claims.azp !== undefined && claims.azp !== settings.clientId) {
    throw new UpstreamError('wrong', 'the ID token was issued to another client (azp)');
  }
  if (claims.sub.length > SUBJECT_LENGTH_MAX || !isStorable(claims.sub) || claims.sub === '') {
    throw new UpstreamError('wrong', 'the subject is not one of OpenID Connect');
  }
  if (freshFrom === undefined) return;
  const { auth_time: authTime } = claims;
  if (typeof authTime !== 'number' || authTime + TOLERANCE_SECONDS < Number(freshFrom)) {
    throw new UpstreamError('stale', 'auth_time is missing or older than was asked for');
  }
}

function toIdentity(
  provider: Provider,
  claims: Readonly<Record<string, unknown>> & IDToken,
): UpstreamIdentity {
  const emailClaim = provider.mapping['email'];
  const email = emailClaim === undefined ? undefined : singleValue(claims, emailClaim);
  const { sid, amr } = claims;
  return {
    issuer: claims.iss,
    subject: claims.sub,
    sid: typeof sid === 'string' && sid.length <= SID_LENGTH_MAX && isStorable(sid) ? sid : null,
    amr: Array.isArray(amr) ? amr.filter((word) => typeof word === 'string').slice(0, AMR_WORDS_MAX) : [],
    email: typeof email === 'string' ? email : null,
    // OIDC Core §5.1: `email_verified` speaks of `email` and of nothing else.
    emailVerified: emailClaim === 'email' && claims['email_verified'] === true,
    attributes: claims,
  };
}

async function configure(ctx: ProtocolContext, provider: Provider): Promise<Configuration> {
  const metadata = await ctx.oidcIssuers.metadata(ctx, provider.settings.issuer);
  return configurationOf(ctx, provider, metadata);
}

/** RFC 6749 §4.1.2.1 and OIDC Core §3.1.2.6. What is not here is their mistake or ours, and no retry helps. */
const REASONS: Readonly<Record<string, UpstreamReason>> = {
  access_denied: 'refused',
  server_error: 'away',
  temporarily_unavailable: 'away',
  login_required: 'unfinished',
  interaction_required: 'unfinished',
  consent_required: 'unfinished',
  account_selection_required: 'unfinished',
};

/** Codes of theirs are kept for the log, bounded; descriptions may hold anything and are not. */
function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (error instanceof AuthorizationResponseError) {
    const reason = Object.hasOwn(REASONS, error.error) ? REASONS[error.error] : undefined;
    return new UpstreamError(reason ?? 'wrong', `they answered ${quoted(error.error)}`);
  }
  if (isEgressFailure(error))
    return new UpstreamError('away', 'an endpoint cannot be reached', { cause: error });
  if (error instanceof ResponseBodyError) {
    const reason = error.status >= 500 ? 'away' : 'wrong';
    return new UpstreamError(reason, `an endpoint answered ${error.status} ${quoted(error.error)}`);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return new UpstreamError('wrong', `an endpoint answered ${error.status}`);
  }
  if (error instanceof ClientError) return new UpstreamError('wrong', error.message, { cause: error });
  throw error;
}

function isEgressFailure(error: unknown, depth = 0): boolean {
  if (error instanceof AppError) return error.code !== 'egress_refused' && error.code.startsWith('egress_');
  return error instanceof Error && depth < 5 && isEgressFailure(error.cause, depth + 1);
}

function quoted(code: string): string {
  return /^[a-z_]{1,64}$/.test(code) ? code : 'a code that is none';
}
