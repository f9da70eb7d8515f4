import { z } from 'zod';

import { addressesOf, providerToJson } from '../documents/identity-provider.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { PROVISIONINGS } from '../upstream/identity-provider.ts';
import { fields, paragraphs, type Outcome } from './outcome.ts';
import { texts } from './parse.ts';

export const providerSchema = {
  name: z.string(),
  slug: z.string().optional(),
  domain: texts,
  map: z
    .array(z.string().regex(/^[a-z_]+=/, 'must be <claim>=<attribute>'))
    .default([])
    .transform(toMapping),
  provisioning: z.enum(PROVISIONINGS).optional(),
  trustEmail: z.boolean().default(false),
  groups: z.string().optional(),
};

const schema = z.object(providerSchema);

/** The members of `createProvider`'s input that these options say. */
export function providerInput(options: z.output<typeof schema>) {
  return {
    name: options.name,
    slug: options.slug,
    domains: options.domain,
    mapping: options.map,
    provisioning: options.provisioning,
    trustsEmail: options.trustEmail,
    groupsAttribute: options.groups,
  };
}

export function shownProvider(
  headline: string,
  provider: IdentityProvider,
  { issuer }: { readonly issuer: string },
  next?: string,
): Outcome {
  const about = fields([
    ['id', provider.id],
    ['slug', provider.slug],
    ['name', provider.name],
    ['kind', provider.kind],
    ['domains', provider.domains.join('\n')],
    ...Object.entries(addressesOf(provider, issuer)),
  ]);
  return { json: providerToJson(provider, issuer), text: paragraphs(headline, about, next) };
}

function toMapping(pairs: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1) || null];
    }),
  );
}
