import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';

import { sha256 } from '../crypto/digest.ts';
import { isStorable } from '../db/text.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import { TOLERANCE_SECONDS } from './oidc-issuers.ts';
import { SIGNING_ALGS } from './oidc-settings.ts';
import { UpstreamError } from './problem.ts';
import type { ProtocolContext } from './protocol.ts';

/** OIDC Back-Channel Logout §2.4: who is signed out, all of theirs or one session. */
export interface UpstreamLogout {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Of issuer and `jti`: the same token is taken once. */
  readonly digest: Buffer;
  readonly expiresAt: Date;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** A token is used on arrival; one that is older was kept by somebody. */
const AGE_SECONDS_MAX = 600;
const TEXT_LENGTH_MAX = 255;
/** Signed with RSA-4096, and with all there can be in it, it has about 2 kB. */
const TOKEN_LENGTH_MAX = 8192;
/** What says that a token is no good; any other failure is one of reading the keys. */
const REFUSALS = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/** Everything of §2.6 except whether its `jti` came before. Throws an `UpstreamError`. */
export async function readLogoutToken(
  ctx: ProtocolContext,
  provider: IdentityProviderOf<'oidc'>,
  token: string,
): Promise<UpstreamLogout> {
  const { issuer, clientId } = provider.settings;
  // Before anything is fetched for it: anybody may post one.
  if (token.length > TOKEN_LENGTH_MAX || issuerOf(token) !== issuer) {
    throw new UpstreamError('wrong', 'the logout token is of nobody we know');
  }
  const metadata = await ctx.oidcIssuers.metadata(ctx, issuer);
  // Discovery makes sure that there is one (oidc-issuers.ts).
  const keys = ctx.oidcIssuers.logoutKeys.of(ctx, metadata.jwks_uri ?? '');
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer,
    audience: clientId,
    algorithms: [...SIGNING_ALGS],
    clockTolerance: TOLERANCE_SECONDS,
    currentDate: ctx.clock.now(),
    maxTokenAge: AGE_SECONDS_MAX,
    requiredClaims: ['iat', 'exp', 'jti'],
  }).catch((cause: unknown) => {
    const isRefused = REFUSALS.some((kind) => cause instanceof kind);
    throw new UpstreamError(isRefused ? 'wrong' : 'away', 'the logout token cannot be verified', { cause });
  });
  // RFC 8725 §3.11; §2.4 allows tokens of before this type was registered.
  const { typ } = protectedHeader;
  if (typ !== undefined && !/^(?:application\/)?(?:logout\+jwt|jwt)$/i.test(typ)) {
    throw new UpstreamError('wrong', 'the logout token is of another type');
  }
  return toLogout(issuer, payload);
}

function toLogout(issuer: string, payload: JWTPayload): UpstreamLogout {
  const { sub, sid, jti = '', exp = 0, events, nonce } = payload;
  const event = isObject(events) && Object.hasOwn(events, EVENT) ? events[EVENT] : undefined;
  // §2.6 rules 5 and 6: an ID token is none of these.
  if (!isObject(event) || nonce !== undefined) {
    throw new UpstreamError('wrong', 'the token is no logout token');
  }
  const subject = text(sub);
  const session = text(sid);
  const isOdd = (sub !== undefined && subject === undefined) || (sid !== undefined && session === undefined);
  if (isOdd || (subject === undefined && session === undefined)) {
    throw new UpstreamError('wrong', 'the logout token names nobody');
  }
  return {
    issuer,
    subject,
    sid: session,
    digest: sha256(JSON.stringify(['upstream-logout', issuer, jti])),
    expiresAt: new Date((exp + TOLERANCE_SECONDS) * 1000),
  };
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  const isText = typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX;
  return isText && isStorable(value) ? value : undefined;
}
