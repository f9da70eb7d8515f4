import { z } from 'zod';

import type { Revoked } from '../revocation/revoke.ts';
import { instant, toInstant } from './document.ts';

/** What ending something ended. */
export const revokedDocument = z.strictObject({
  tokens_revoked: z.int().describe('Access tokens that were alive'),
  known_by: instant.describe(
    'Every verifier refuses them by then; those that follow the stream within a second',
  ),
});

export function revokedMembers({ tokens, knownBy }: Revoked): z.output<typeof revokedDocument> {
  return { tokens_revoked: tokens, known_by: toInstant(knownBy) };
}
