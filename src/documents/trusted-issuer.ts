import { z } from 'zod';

import type { NewTrustedIssuer } from '../upstream/create-trusted-issuer.ts';
import { FOREIGN_ALGS, type TrustedIssuer } from '../upstream/trusted-issuer.ts';
import { identifier, instant, text, toInstant } from './document.ts';

const settings = {
  issuer: text.describe('As its tokens carry it in `iss`, character by character'),
  audience: text.describe('What its tokens call us in `aud`'),
  algs: z
    .array(z.string())
    .max(FOREIGN_ALGS.length)
    .describe(`Some of ${FOREIGN_ALGS.join(', ')}`),
  max_age_seconds: z.int().describe('A token issued longer ago is refused'),
  one_time: z.boolean().describe('Each token is exchanged once, by its `jti`'),
};

/** A foreign issuer whose tokens may be exchanged for ours (RFC 8693). */
export const trustedIssuerDocument = z.strictObject({
  id: identifier,
  ...settings,
  identity_provider_id: identifier.describe('Whose people its subjects are'),
  jwks_uri: text.nullable().describe('null: found by discovery'),
  created_at: instant,
});

export const newTrustedIssuerDocument = z.strictObject({
  issuer: settings.issuer,
  identity_provider: text.describe('Slug of the identity provider whose people its subjects are'),
  jwks_uri: text.optional().describe('Default: found by discovery'),
  audience: settings.audience.optional(),
  algs: settings.algs.optional(),
  max_age_seconds: settings.max_age_seconds.optional(),
  one_time: settings.one_time.optional(),
});

export function trustedIssuerToJson(issuer: TrustedIssuer): z.output<typeof trustedIssuerDocument> {
  return {
    id: issuer.id,
    issuer: issuer.issuer,
    identity_provider_id: issuer.providerId,
    audience: issuer.audience,
    jwks_uri: issuer.jwksUri,
    algs: [...issuer.algs],
    max_age_seconds: issuer.maxAgeSeconds,
    one_time: issuer.oneTime,
    created_at: toInstant(issuer.createdAt),
  };
}

export function toNewTrustedIssuer(
  document: z.output<typeof newTrustedIssuerDocument>,
): Omit<NewTrustedIssuer, 'actor'> {
  return {
    issuer: document.issuer,
    provider: document.identity_provider,
    audience: document.audience,
    jwksUri: document.jwks_uri,
    algs: document.algs,
    maxAgeSeconds: document.max_age_seconds,
    oneTime: document.one_time,
  };
}
