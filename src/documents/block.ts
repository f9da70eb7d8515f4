import { z } from 'zod';

import type { AddressBlock } from '../blocks/block.ts';
import { identifier, instant, text, toInstant, toInstantOrNull } from './document.ts';

/** An address or network that is shut out. */
export const blockDocument = z.strictObject({
  id: identifier,
  network: z.string().describe('CIDR; one address is a /32 or a /128'),
  reason: z.string(),
  created_at: instant,
  created_by: z.string(),
  expires_at: instant.nullable().describe('null: until it is lifted'),
  lifted_at: instant.nullable(),
});

export const newBlockDocument = z.strictObject({
  network: text.describe('An address or CIDR'),
  reason: text,
  expires_at: instant.optional().describe('Default: until it is lifted'),
});

export function blockToJson(block: AddressBlock): z.output<typeof blockDocument> {
  return {
    id: block.id,
    network: block.network,
    reason: block.reason,
    created_at: toInstant(block.createdAt),
    created_by: block.createdBy,
    expires_at: toInstantOrNull(block.expiresAt),
    lifted_at: toInstantOrNull(block.liftedAt),
  };
}
