import { z } from 'zod';

import type { ProviderCheck } from '../upstream/check-provider.ts';

/** What came of a check; which members there are says of what kind the provider is. */
export const providerCheckDocument = z.strictObject({
  slug: z.string(),
  ...z
    .object({
      error: z.string().describe('It cannot be used'),
      reason: z.string(),
      authorization_endpoint: z.string(),
      token_endpoint: z.string(),
      signing_algs: z.array(z.string()),
      keys: z.int(),
      pkce: z.enum(['S256', 'none', 'unknown']),
      iss_parameter: z.boolean().describe('RFC 9207'),
      backchannel_logout: z.boolean(),
      entries: z.int().describe('How many people the filter finds; two stand for more'),
      subject: z.string().nullable(),
      email: z.string().nullable(),
      attributes: z.record(z.string(), z.unknown()).nullable(),
    })
    .partial().shape,
});

export function checkToJson(slug: string, check: ProviderCheck): z.output<typeof providerCheckDocument> {
  switch (check.kind) {
    case 'unusable':
      return { slug, error: check.code, reason: check.reason };
    case 'oidc':
      return {
        slug,
        authorization_endpoint: check.found.authorizationEndpoint,
        token_endpoint: check.found.tokenEndpoint,
        signing_algs: [...check.found.signingAlgs],
        keys: check.found.keys,
        pkce: check.found.pkce,
        iss_parameter: check.found.namesItself,
        backchannel_logout: check.found.signsOut,
      };
    case 'ldap':
      return {
        slug,
        entries: check.found.entries,
        subject: check.found.identity?.subject ?? null,
        email: check.found.identity?.email ?? null,
        attributes: check.found.identity ? { ...check.found.identity.attributes } : null,
      };
  }
}
