import { z } from 'zod';

import { stateOf, TOKEN_STATES, type LedgerRow } from '../revocation/search-tokens.ts';
import { identifier, instant, toInstant, toInstantOrNull } from './document.ts';

/** An access token as the ledger has it: whose it is and whether it lives, not what it is. */
export const tokenDocument = z.strictObject({
  id: identifier.describe('SHA-256 of `jti:` and its `jti`, in hexadecimal'),
  client_id: identifier,
  api_id: identifier,
  audience: z.string().nullable().describe('Of the API; null: it is deleted'),
  account_id: z.string().nullable().describe('null: the client acts for itself'),
  grant_id: z.string().nullable(),
  session_id: z.string().nullable().describe('Only of one that ends with its session'),
  kid: z.string(),
  state: z.enum(TOKEN_STATES),
  issued_at: instant,
  expires_at: instant,
  revoked_at: instant.nullable(),
});

/** `audiences`: of APIs, by id. */
export function tokenToJson(
  row: LedgerRow,
  { audiences, now }: { audiences: ReadonlyMap<string, string>; now: Date },
): z.output<typeof tokenDocument> {
  return {
    id: row.id,
    client_id: row.clientId,
    api_id: row.apiId,
    audience: audiences.get(row.apiId) ?? null,
    account_id: row.accountId,
    grant_id: row.grantId,
    session_id: row.sessionUid,
    kid: row.kid,
    state: stateOf(row, now),
    issued_at: toInstant(row.issuedAt),
    expires_at: toInstant(row.expiresAt),
    revoked_at: toInstantOrNull(row.revokedAt),
  };
}
