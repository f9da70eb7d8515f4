import type { Pool } from 'pg';

import type { Session, SessionByCookie, SessionClient, SessionDevice } from './session.ts';

interface SessionRow {
  uid: string;
  account_id: string | null;
  payload: Buffer;
  expires_at: Date;
  last_used_at: Date;
  clients: ClientJson[] | null;
}
interface ClientJson {
  client_id: string;
  sid: string;
  grant_id: string | null;
  persists_logout: boolean;
}

// Oldest first, so that a map built in this order ends with the latest sign-in at each client.
const CLIENTS = `
  (SELECT jsonb_agg(jsonb_build_object('client_id', c.client_id, 'sid', c.sid, 'grant_id', c.grant_id,
     'persists_logout', c.persists_logout) ORDER BY c.joined_at)
   FROM session_clients c WHERE c.session_uid = s.uid) AS clients`;

/** Neither ended nor idle. Whoever has not signed in yet has another end, and a sooner one. */
const STANDS = (usedSince: string) =>
  `s.ended_at IS NULL AND (s.account_id IS NULL OR s.last_used_at > ${usedSince})`;

/** Sessions that were used since `usedSince`; an idle one is gone. */
export async function findSessionsByCookie(
  pool: Pool,
  digests: readonly Buffer[],
  usedSince: Date,
): Promise<(SessionByCookie | undefined)[]> {
  const { rows } = await pool.query<SessionRow & { digest: Buffer; replaced_at: Date | null }>({
    name: 'sessions_find_cookie',
    text: `
      SELECT i.digest, i.replaced_at, s.uid, s.account_id, s.payload, s.expires_at, s.last_used_at, ${CLIENTS}
      FROM session_ids i JOIN sessions s ON s.uid = i.session_uid
      WHERE i.digest = ANY($1::bytea[]) AND ${STANDS('$2')}`,
    values: [digests, usedSince],
  });
  const found = new Map(
    rows.map((row) => [row.digest.toString('latin1'), { ...toSession(row), replacedAt: row.replaced_at }]),
  );
  return digests.map((digest) => found.get(digest.toString('latin1')));
}

export async function findSessions(
  pool: Pool,
  uids: readonly string[],
  usedSince: Date,
): Promise<(Session | undefined)[]> {
  const { rows } = await pool.query<SessionRow>({
    name: 'sessions_find',
    text: `SELECT s.uid, s.account_id, s.payload, s.expires_at, s.last_used_at, ${CLIENTS}
           FROM sessions s WHERE s.uid = ANY($1::text[]) AND ${STANDS('$2')}`,
    values: [uids, usedSince],
  });
  const found = new Map(rows.map((row) => [row.uid, toSession(row)]));
  return uids.map((uid) => found.get(uid));
}

export interface SessionWrite extends Omit<Session, 'lastUsedAt'> {
  /** The clients that join, or whose grant is another now. The rest stay as they are. */
  readonly clients: readonly SessionClient[];
  /** False: person, payload and end are those that were loaded, and what another request made of them meanwhile stays. */
  readonly isChanged: boolean;
  /** Digest of the cookie value that the browser gets now. */
  readonly cookieDigest: Buffer;
  /** Digest of the value that this one replaces, at a rotation. */
  readonly replacesDigest: Buffer | null;
  readonly device: SessionDevice;
  /**
   * The upstream identity that the person came with, when they signed in just now. Proving more here leaves it as it was. The
   * grants of the clients that join are marked with it.
   */
  readonly identity: { readonly id: string; readonly upstreamSid: string | null } | null;
  /** The interaction in which the person signed in just now. */
  readonly provedIn: string | null;
}

/**
 * One statement, so that a rotation is whole or not at all. A session that ended in the meantime is not written again:
 * a sign-in that races a sign-out does not bring it back. Nor is one with an identity that was taken off, or whose provider was
 * disabled, nor one whose sign-in was ended before the browser came back with it: the share locks make that wait for this or
 * this for that. False: it was not written.
 */
export async function saveSession(pool: Pool, write: SessionWrite, now: Date): Promise<boolean> {
  const { rows } = await pool.query<{ uid: string }>({
    name: 'sessions_save',
    text: `
      WITH vouched AS MATERIALIZED (
        SELECT FROM identities i JOIN identity_providers p ON p.id = i.provider_id
        WHERE i.id = $15 AND p.disabled_at IS NULL FOR SHARE
      ), proved AS MATERIALIZED (
        SELECT FROM sign_ins WHERE interaction_uid = $17 AND account_id = $2 FOR SHARE
      ), saved AS (
        INSERT INTO sessions (uid, account_id, payload, created_at, expires_at, last_used_at, user_agent, address,
          identity_id, upstream_sid)
        SELECT $1::text, $2::text, $3::bytea, $4::timestamptz, $5::timestamptz, $4::timestamptz, $13::text, $14::text,
          $15::text, $16::text
        WHERE ($15::text IS NULL OR EXISTS (SELECT FROM vouched))
          AND ($17::text IS NULL OR EXISTS (SELECT FROM proved))
        ON CONFLICT (uid) DO UPDATE
          SET account_id = CASE WHEN $12 THEN excluded.account_id ELSE sessions.account_id END,
            payload = CASE WHEN $12 THEN excluded.payload ELSE sessions.payload END,
            expires_at = CASE WHEN $12 THEN excluded.expires_at ELSE sessions.expires_at END,
            last_used_at = greatest(excluded.last_used_at, sessions.last_used_at),
            user_agent = excluded.user_agent,
            address = coalesce(excluded.address, sessions.address),
            identity_id = coalesce(excluded.identity_id, sessions.identity_id),
            upstream_sid = CASE WHEN excluded.identity_id IS NULL THEN sessions.upstream_sid
              ELSE excluded.upstream_sid END
          WHERE sessions.ended_at IS NULL
        RETURNING uid, identity_id
      ), issued AS (
        INSERT INTO session_ids (digest, session_uid, issued_at) SELECT $6, uid, $4 FROM saved
        ON CONFLICT (digest) DO NOTHING
      ), replaced AS (
        UPDATE session_ids SET replaced_at = $4
        WHERE digest = $7 AND replaced_at IS NULL AND EXISTS (SELECT FROM saved)
      ), marked AS (
        UPDATE grants SET identity_id = saved.identity_id FROM saved
        WHERE saved.identity_id IS NOT NULL AND grants.id = ANY($10::text[])
          AND grants.identity_id IS DISTINCT FROM saved.identity_id
      ), joined AS (
        INSERT INTO session_clients (session_uid, client_id, sid, grant_id, persists_logout, joined_at)
        SELECT saved.uid, c.client_id, c.sid, c.grant_id, c.persists_logout, $4
        FROM saved, unnest($8::text[], $9::text[], $10::text[], $11::boolean[]) AS c(client_id, sid, grant_id, persists_logout)
        ON CONFLICT (session_uid, client_id, sid) DO UPDATE
          SET grant_id = excluded.grant_id, persists_logout = excluded.persists_logout
      )
      SELECT uid FROM saved`,
    values: [
      write.uid,
      write.accountId,
      write.payload,
      now,
      write.expiresAt,
      write.cookieDigest,
      write.replacesDigest,
      write.clients.map((c) => c.clientId),
      write.clients.map((c) => c.sid),
      write.clients.map((c) => c.grantId),
      write.clients.map((c) => c.persistsLogout),
      write.isChanged,
      write.device.userAgent,
      write.device.address,
      write.identity?.id ?? null,
      write.identity?.upstreamSid ?? null,
      write.provedIn,
    ],
  });
  return rows.length === 1;
}

/** Writes a use down. Of several at once one does; with a `device`, the session is shown as used by it from now on. */
export async function touchSession(
  pool: Pool,
  uid: string,
  { now, before, device }: { now: Date; before: Date; device: SessionDevice | null },
): Promise<void> {
  await pool.query({
    name: 'sessions_touch',
    text: `
      UPDATE sessions SET last_used_at = $2, user_agent = CASE WHEN $4 THEN $5 ELSE user_agent END,
        address = CASE WHEN $4 THEN $6 ELSE address END
      WHERE uid = $1 AND last_used_at <= $3 AND ended_at IS NULL`,
    values: [uid, now, before, device !== null, device?.userAgent ?? null, device?.address ?? null],
  });
}

/** The person signed out of one client and stays signed in to the rest. */
export async function removeSessionClient(pool: Pool, uid: string, clientId: string): Promise<void> {
  await pool.query('DELETE FROM session_clients WHERE session_uid = $1 AND client_id = $2', [uid, clientId]);
}

function toSession(row: SessionRow): Session {
  return {
    uid: row.uid,
    accountId: row.account_id,
    payload: row.payload,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    clients: (row.clients ?? []).map(toSessionClient),
  };
}

function toSessionClient(json: ClientJson): SessionClient {
  return {
    clientId: json.client_id,
    sid: json.sid,
    grantId: json.grant_id,
    persistsLogout: json.persists_logout,
  };
}
