import { z } from 'zod';

import type { Identity } from '../upstream/identity.ts';
import { identifier, instant, toInstant, toInstantOrNull } from './document.ts';

/** As whom a person is known elsewhere. Subject and label are the provider's words. */
export const identityDocument = z.strictObject({
  id: identifier,
  provider: z.string().describe('Slug of the identity provider'),
  issuer: z.string(),
  subject: z.string(),
  label: z.string().nullable(),
  linked_at: instant,
  last_used_at: instant.nullable(),
});

/** `slugs`: of providers, by id. */
export function identityToJson(
  identity: Identity,
  slugs: ReadonlyMap<string, string>,
): z.output<typeof identityDocument> {
  return {
    id: identity.id,
    provider: slugs.get(identity.providerId) ?? identity.providerId,
    issuer: identity.issuer,
    subject: identity.subject,
    label: identity.label,
    linked_at: toInstant(identity.linkedAt),
    last_used_at: toInstantOrNull(identity.lastUsedAt),
  };
}
