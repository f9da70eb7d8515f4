import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { z } from 'zod';

import { sha256 } from '../crypto/digest.ts';
import { isStorable } from '../db/text.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import { guardedFetch, TOLERANCE_SECONDS } from './oidc-issuers.ts';
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

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Everything of §2.6 except whether its `jti` came before. Throws an `UpstreamError`. */
export async function readLogoutToken(
  ctx: ProtocolContext,
  provider: IdentityProviderOf<'oidc'>,
  token: string,
): Promise<UpstreamLogout> {
  const { issuer, clientId } = provider.settings;
  const metadata = await ctx.oidcIssuers.metadata(ctx, issuer);
  const keys = await fetchKeys(ctx, metadata.jwks_uri);
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
    issuer,
    audience: clientId,
    algorithms: [...SIGNING_ALGS],
    clockTolerance: TOLERANCE_SECONDS,
    currentDate: ctx.clock.now(),
    maxTokenAge: AGE_SECONDS_MAX,
    requiredClaims: ['iat', 'exp', 'jti'],
  }).catch((cause: unknown) => {
    throw new UpstreamError('wrong', 'the logout token cannot be verified', { cause });
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
  const names = typeof events === 'object' && events !== null ? Object.keys(events) : [];
  // §2.6 rules 5 and 6: an ID token is none of these.
  if (!names.includes(EVENT) || nonce !== undefined) {
    throw new UpstreamError('wrong', 'the token is no logout token');
  }
  const subject = text(sub);
  const session = text(sid);
  if (subject === undefined && session === undefined) {
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

async function fetchKeys(ctx: ProtocolContext, uri: string | undefined): Promise<JSONWebKeySet> {
  if (uri === undefined) throw new UpstreamError('wrong', 'the provider publishes no keys');
  const response = await guardedFetch(ctx)(uri, {
    method: 'GET',
    headers: { accept: 'application/json' },
    body: undefined,
    redirect: 'manual',
  }).catch((cause: unknown) => {
    throw new UpstreamError('away', 'the keys cannot be fetched', { cause });
  });
  if (!response.ok) throw new UpstreamError('away', `the keys answered ${response.status}`);
  const parsed = keySet.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new UpstreamError('wrong', 'the keys are none');
  return { keys: parsed.data.keys };
}

function text(value: unknown): string | undefined {
  const isText = typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX;
  return isText && isStorable(value) ? value : undefined;
}
