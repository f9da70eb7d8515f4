import { z } from 'zod';

import type { GrantSummary } from '../grants/list-grants.ts';
import type { ClientAccess } from '../revocation/list-access.ts';
import { identifier, instant, toInstant } from './document.ts';

const resources = z.record(z.string(), z.array(z.string())).describe('Scopes of APIs, by audience');

/** What a person allowed a client, once: refresh tokens and access tokens hang on it. */
export const grantDocument = z.strictObject({
  id: identifier,
  account_id: identifier,
  client_id: identifier,
  scopes: z.array(z.string()).describe('Of OpenID Connect'),
  resources,
  created_at: instant,
  expires_at: instant,
});

export function grantToJson(grant: GrantSummary): z.output<typeof grantDocument> {
  return {
    id: grant.id,
    account_id: grant.accountId,
    client_id: grant.clientId,
    scopes: [...grant.scopes],
    resources: listed(grant.resources),
    created_at: toInstant(grant.createdAt),
    expires_at: toInstant(grant.expiresAt),
  };
}

/** What one client may do on a person's behalf, over all its grants, or without asking them again. */
export const consentDocument = z.strictObject({
  client_id: identifier,
  client_name: z.string().nullable(),
  scopes: z.array(z.string()).describe('Of OpenID Connect'),
  resources,
  since: instant,
  last_used_at: instant,
});

/** `names`: of clients, by id. */
export function consentToJson(
  access: ClientAccess,
  names: ReadonlyMap<string, string | null>,
): z.output<typeof consentDocument> {
  return {
    client_id: access.clientId,
    client_name: names.get(access.clientId) ?? null,
    scopes: [...access.scopes],
    resources: listed(access.resources),
    since: toInstant(access.since),
    last_used_at: toInstant(access.lastUsedAt),
  };
}

function listed(given: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(given).map(([audience, scopes]) => [audience, [...scopes]]));
}
