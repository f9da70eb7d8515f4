import type { RevokeTarget } from './token.ts';

interface Fragment {
  readonly sql: string;
  readonly values: readonly string[];
}

/** The sessions `s` that people came to through an upstream; undefined: the target is another. */
export function upstreamSessions(target: RevokeTarget): Fragment | undefined {
  if ('provider' in target) {
    const sql = 's.identity_id IN (SELECT i.id FROM identities i WHERE i.provider_id = ?)';
    return { sql, values: [target.provider] };
  }
  if (!('identity' in target)) return undefined;
  if (target.upstreamSid === undefined) return { sql: 's.identity_id = ?', values: [target.identity] };
  const values = [target.identity, target.upstreamSid];
  // A provider that names no session at sign-in may name one at sign-out all the same: then it is all of that person's.
  return { sql: 's.identity_id = ? AND (s.upstream_sid = ? OR s.upstream_sid IS NULL)', values };
}

/** Ids of the grants that clients got in those sessions, whether the sessions go on or not. */
export function upstreamGrants({ sql, values }: Fragment): Fragment {
  return {
    sql: `SELECT c.grant_id FROM session_clients c JOIN sessions s ON s.uid = c.session_uid
      WHERE c.grant_id IS NOT NULL AND ${sql}`,
    values,
  };
}
