import { z } from 'zod';

import { KEY_STATES, SIGNING_ALGS, type SigningKey } from '../keys/key.ts';
import type { Rotation } from '../keys/rotate-keys.ts';
import { instant, toInstant, toInstantOrNull } from './document.ts';

export const keyDocument = z.strictObject({
  kid: z.string(),
  alg: z.enum(SIGNING_ALGS),
  state: z.enum(KEY_STATES),
  created_at: instant,
  published_at: instant.nullable(),
  activated_at: instant.nullable(),
  retired_at: instant.nullable(),
  revoked_at: instant.nullable(),
});

/** When it became what it is. */
export function keySince(key: SigningKey): Date {
  return key.revokedAt ?? key.retiredAt ?? key.activatedAt ?? key.publishedAt ?? key.createdAt;
}

export function keyToJson(key: SigningKey): z.output<typeof keyDocument> {
  return {
    kid: key.kid,
    alg: key.alg,
    state: key.state,
    created_at: toInstant(key.createdAt),
    published_at: toInstantOrNull(key.publishedAt),
    activated_at: toInstantOrNull(key.activatedAt),
    retired_at: toInstantOrNull(key.retiredAt),
    revoked_at: toInstantOrNull(key.revokedAt),
  };
}

export const rotationDocument = z.strictObject({
  alg: z.enum(SIGNING_ALGS),
  kid: z.string().describe('Of the key that signs next, or from now on'),
  state: z.enum(['published', 'active']),
  previous_kid: z.string().nullable(),
});

export function rotationToJson({
  alg,
  kid,
  state,
  previousKid,
}: Rotation): z.output<typeof rotationDocument> {
  return { alg, kid, state, previous_kid: previousKid ?? null };
}
