import type { Queryable } from '../db/database.ts';
import { toResources, type Consent } from '../grants/consent.ts';
import { listConsents } from '../grants/consent-store.ts';
import { mergePayloads, toAllowance, type Grant } from '../grants/grant.ts';

/** What one client may do on a person's behalf, over all its grants, or without asking them again. */
export interface ClientAccess {
  readonly clientId: string;
  /** Its live grants. */
  readonly grantIds: readonly string[];
  /** Scopes of our own (OIDC Core §5.4, §11). */
  readonly scopes: readonly string[];
  /** Scopes of APIs, by audience. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  readonly since: Date;
  /** When it was last given a code or token, as far as that is still known. */
  readonly lastUsedAt: Date;
}

/** First-party clients have a grant for every session; people have tens of those, not thousands. */
const GRANTS_MAX = 500;

interface Row {
  client_id: string;
  id: string;
  payload: Grant['payload'];
  created_at: Date;
  last_used_at: Date;
}

/**
 * The clients that hold something of a person: a token that lives, a session that they joined, or a consent that is remembered.
 * What was ended, or can be used by nobody any more, is not listed. The client used last comes first.
 */
export async function listAccess(
  db: Queryable,
  { accountId, now }: { accountId: string; now: Date },
): Promise<ClientAccess[]> {
  const held = await listHeld(db, { accountId, now });
  const consents = new Map(
    (await listConsents(db, accountId)).map((consent) => [consent.clientId, toRemembered(consent)]),
  );
  const all = held.map((access) => {
    const remembered = consents.get(access.clientId);
    consents.delete(access.clientId);
    return remembered ? together(access, remembered) : access;
  });
  return [...all, ...consents.values()].toSorted((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime());
}

function toRemembered({ clientId, scopes, apiScopes, grantedAt, updatedAt }: Consent): ClientAccess {
  const resources = toResources(apiScopes);
  return { clientId, grantIds: [], scopes, resources, since: grantedAt, lastUsedAt: updatedAt };
}

function together(held: ClientAccess, remembered: ClientAccess): ClientAccess {
  const audiences = [...Object.keys(held.resources), ...Object.keys(remembered.resources)];
  const scopesFor = (audience: string) => [
    ...new Set([...(held.resources[audience] ?? []), ...(remembered.resources[audience] ?? [])]),
  ];
  return {
    ...held,
    scopes: [...new Set([...held.scopes, ...remembered.scopes])],
    resources: Object.fromEntries(audiences.map((audience) => [audience, scopesFor(audience)])),
    since: held.since < remembered.since ? held.since : remembered.since,
  };
}

async function listHeld(
  db: Queryable,
  { accountId, now }: { accountId: string; now: Date },
): Promise<ClientAccess[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT g.id, g.client_id, g.payload, g.created_at,
       greatest(g.created_at,
         (SELECT max(a.created_at) FROM artifacts a WHERE a.grant_id = g.id),
         (SELECT max(t.issued_at) FROM tokens t WHERE t.grant_id = g.id)) AS last_used_at
     FROM grants g JOIN clients c ON c.id = g.client_id
     WHERE g.account_id = :accountId AND g.revoked_at IS NULL AND g.expires_at > :now AND c.origin <> 'built-in'
       AND (EXISTS (SELECT FROM artifacts a WHERE a.grant_id = g.id AND a.consumed_at IS NULL AND a.expires_at > :now)
         OR EXISTS (SELECT FROM tokens t WHERE t.grant_id = g.id AND t.revoked_at IS NULL AND t.expires_at > :now)
         OR EXISTS (SELECT FROM session_clients j JOIN sessions s ON s.uid = j.session_uid
           WHERE s.account_id = :accountId AND s.ended_at IS NULL AND s.expires_at > :now AND j.grant_id = g.id))
     ORDER BY last_used_at DESC LIMIT :limit`,
    { accountId, now, limit: GRANTS_MAX },
  );
  return [...Map.groupBy(rows, (row) => row.client_id)].map(([clientId, grants]) =>
    toAccess(clientId, grants),
  );
}

function toAccess(clientId: string, grants: readonly Row[]): ClientAccess {
  const payload = grants.map((grant) => grant.payload).reduce((a, b) => mergePayloads(a, b));
  const times = grants.map((grant) => [grant.created_at.getTime(), grant.last_used_at.getTime()] as const);
  return {
    clientId,
    grantIds: grants.map((grant) => grant.id),
    ...toAllowance(payload),
    since: new Date(Math.min(...times.map(([created]) => created))),
    lastUsedAt: new Date(Math.max(...times.map(([, used]) => used))),
  };
}
