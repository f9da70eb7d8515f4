import { z } from 'zod';

import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { PROVISIONINGS } from '../upstream/identity-provider.ts';
import { groupsAttributeOf } from '../upstream/mapping.ts';
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

/** `addresses`: what the other side has to be told. */
export function shownProvider(
  headline: string,
  provider: IdentityProvider,
  { addresses, next }: { addresses?: Readonly<Record<string, string>>; next?: string },
): Outcome {
  const about = fields([
    ['id', provider.id],
    ['slug', provider.slug],
    ['name', provider.name],
    ['kind', provider.kind],
    ['domains', provider.domains.join('\n')],
  ]);
  return {
    json: { ...providerToJson(provider), ...addresses },
    text: paragraphs(headline, about, addresses && fields(Object.entries(addresses)), next),
  };
}

export function providerToJson(provider: IdentityProvider): Record<string, unknown> {
  return {
    id: provider.id,
    slug: provider.slug,
    name: provider.name,
    kind: provider.kind,
    settings: provider.settings,
    domains: provider.domains,
    has_button: provider.hasButton,
    mapping: provider.mapping,
    provisioning: provider.provisioning,
    trusts_email: provider.trustsEmail,
    trusts_mfa: provider.trustsMfa,
    groups_attribute: groupsAttributeOf(provider),
    disabled_at: provider.disabledAt,
    created_at: provider.createdAt,
    updated_at: provider.updatedAt,
  };
}

function toMapping(pairs: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1) || null];
    }),
  );
}
