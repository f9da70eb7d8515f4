import { z } from 'zod';

/** RFC 8725 §3.1: signatures that an ID token or logout token may have. All are asymmetric; `none` and HMAC are not among them. */
export const SIGNING_ALGS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'] as const;

export const DEFAULT_SCOPES = ['openid', 'profile', 'email'] as const;

export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const;

/** RFC 6749 §3.3 scope-token. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
const SCOPES_MAX = 20;
const ACR_VALUES_MAX = 5;
const TEXT_LENGTH_MAX = 500;

/** An OpenID provider as its operator registered us. Everything else is read from its discovery document. */
export const oidcSettings = z.strictObject({
  /** Exactly as in its discovery document and its tokens. */
  issuer: z.string().max(TEXT_LENGTH_MAX).refine(isIssuer, 'must be an https URL without query or fragment'),
  clientId: z.string().regex(/^[\x20-\x7e]{1,255}$/),
  authMethod: z.enum(AUTH_METHODS),
  scopes: z.array(z.string().regex(SCOPE)).max(SCOPES_MAX).refine(hasOpenid, 'must contain openid'),
  /** Sent as `acr_values` each time: how they are asked for a second factor, in their own words. */
  acrValues: z
    .array(z.string().regex(/^[\x21-\x7e]{1,200}$/))
    .max(ACR_VALUES_MAX)
    .default([]),
});

export type OidcSettings = z.output<typeof oidcSettings>;

/** OIDC Discovery §3; http for loopback alone, and the egress guard refuses that in production. */
function isIssuer(value: string): boolean {
  const url = URL.parse(value);
  if (!url || url.username || url.password || url.search || url.hash || /[?#\s]/.test(value)) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function hasOpenid(scopes: readonly string[]): boolean {
  return scopes.includes('openid');
}
