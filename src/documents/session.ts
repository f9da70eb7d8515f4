import { z } from 'zod';

import type { SessionSummary } from '../sessions/list-sessions.ts';
import { identifier, instant, toInstant } from './document.ts';

/** A browser in which somebody is signed in. */
export const sessionDocument = z.strictObject({
  id: identifier,
  account_id: identifier,
  client_ids: z.array(identifier).describe('Where the person went with it'),
  user_agent: z.string().nullable().describe('As the browser sent it'),
  address: z.string().nullable().describe('Where it was last seen'),
  identity_id: identifier.nullable().describe('The upstream identity it was begun with'),
  created_at: instant,
  last_used_at: instant.describe('Give or take a few minutes'),
  expires_at: instant,
});

export function sessionToJson(session: SessionSummary): z.output<typeof sessionDocument> {
  return {
    id: session.id,
    account_id: session.accountId,
    client_ids: [...session.clientIds],
    user_agent: session.userAgent,
    address: session.address,
    identity_id: session.identityId,
    created_at: toInstant(session.createdAt),
    last_used_at: toInstant(session.lastUsedAt),
    expires_at: toInstant(session.expiresAt),
  };
}
