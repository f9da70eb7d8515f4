import { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';

import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Egress } from '../http/egress.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** Verifies tokens of trusted issuers; it keeps their keys for a while. */
export interface ForeignTokens {
  /** The claims of a token that is good now; undefined for any that is not. Throws where the issuer's keys cannot be had (502). */
  verify(issuer: TrustedIssuer, token: string): Promise<ForeignClaims | undefined>;
}

export type ForeignClaims = JWTPayload & { readonly sub: string; readonly exp: number; readonly iat: number };

interface ForeignContext {
  readonly config: Pick<Config, 'mode'>;
  readonly clock: Clock;
  readonly egress: Egress;
}

/** A key that the issuer withdraws is good for so long here. */
const KEYS_FRESH_MS = 300_000;
/** Tokens with unknown key ids do not make us ask more often than this. */
const KEYS_AGAIN_MS = 10_000;
const FETCH_TIMEOUT_MS = 3000;
/** Clocks differ; NTP keeps them well within this. */
const SKEW_SECONDS = 10;

/** RFC 8725 §3.11: one kind of token is not taken for another. `at+jwt` is theirs, for us as its audience. */
const TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt']);

interface Keys {
  readonly resolve: ReturnType<typeof createLocalJWKSet>;
  readonly atMs: number;
}

export function createForeignTokens(ctx: ForeignContext): ForeignTokens {
  const known = new Map<string, Keys>();

  async function keysOf(issuer: TrustedIssuer, maxAgeMs: number): Promise<Keys> {
    const now = ctx.clock.now().getTime();
    const found = known.get(issuer.id);
    if (found && now - found.atMs < maxAgeMs) return found;
    const keys = { resolve: createLocalJWKSet(await fetchKeys(ctx, issuer)), atMs: now };
    known.set(issuer.id, keys);
    return keys;
  }

  async function check(issuer: TrustedIssuer, token: string, keys: Keys): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, keys.resolve, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: [...issuer.algs],
      requiredClaims: ['sub', 'exp', 'iat', ...(issuer.oneTime ? ['jti'] : [])],
      maxTokenAge: issuer.maxAgeSeconds,
      clockTolerance: SKEW_SECONDS,
      currentDate: ctx.clock.now(),
    });
    return payload;
  }

  return {
    async verify(issuer, token) {
      if (!hasFittingType(token)) return undefined;
      const keys = await keysOf(issuer, KEYS_FRESH_MS);
      try {
        return claimsOf(issuer, await check(issuer, token, keys));
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) return undefined;
      }
      // Perhaps a key that is new since.
      const newer = await keysOf(issuer, KEYS_AGAIN_MS);
      const again = newer === keys ? undefined : await check(issuer, token, newer).catch(() => undefined);
      return again && claimsOf(issuer, again);
    },
  };
}

function hasFittingType(token: string): boolean {
  try {
    const { typ } = decodeProtectedHeader(token);
    return typ === undefined || TYPES.has(typ.toLowerCase());
  } catch {
    return false;
  }
}

function claimsOf(issuer: TrustedIssuer, payload: JWTPayload): ForeignClaims | undefined {
  const { sub, exp, iat } = payload;
  if (typeof sub !== 'string' || sub === '' || exp === undefined || iat === undefined) return undefined;
  // A token addressed to others as well could be sent on to us by any of them (RFC 8725 §3.9).
  const { audience } = issuer;
  if ([payload.aud].flat().some((aud) => aud !== audience)) return undefined;
  return { ...payload, sub, exp, iat };
}

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

async function fetchKeys(ctx: ForeignContext, issuer: TrustedIssuer) {
  const uri = issuer.jwksUri ?? (await discover(ctx, issuer));
  return jwksSchema.parse(await fetchJson(ctx, uri));
}

async function discover(ctx: ForeignContext, { issuer }: TrustedIssuer): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const metadata = metadataSchema.parse(await fetchJson(ctx, url));
  // OIDC Discovery §4.3: exactly the one that was asked for.
  if (metadata.issuer !== issuer) throw new TypeError('the metadata speaks of another issuer');
  return metadata.jwks_uri;
}

async function fetchJson({ egress, config }: ForeignContext, url: string): Promise<unknown> {
  const response = await egress.fetch(url, {
    headers: { accept: 'application/json' },
    timeoutMs: FETCH_TIMEOUT_MS,
    allowLoopback: config.mode === 'development',
  });
  if (response.status !== 200) throw new TypeError(`${url} answered ${response.status}`);
  return response.json();
}
