import type { Pool } from 'pg';

import type { Session, SessionByCookie, SessionClient } from './session.ts';

interface SessionRow {
  uid: string;
  account_id: string | null;
  payload: Buffer;
  expires_at: Date;
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

export async function findSessionsByCookie(
  pool: Pool,
  digests: readonly Buffer[],
): Promise<(SessionByCookie | undefined)[]> {
  const { rows } = await pool.query<SessionRow & { digest: Buffer; replaced_at: Date | null }>({
    name: 'sessions_find_cookie',
    text: `
      SELECT i.digest, i.replaced_at, s.uid, s.account_id, s.payload, s.expires_at, ${CLIENTS}
      FROM session_ids i JOIN sessions s ON s.uid = i.session_uid
      WHERE i.digest = ANY($1::bytea[]) AND s.ended_at IS NULL`,
    values: [digests],
  });
  const found = new Map(
    rows.map((row) => [row.digest.toString('latin1'), { ...toSession(row), replacedAt: row.replaced_at }]),
  );
  return digests.map((digest) => found.get(digest.toString('latin1')));
}

export async function findSessions(pool: Pool, uids: readonly string[]): Promise<(Session | undefined)[]> {
  const { rows } = await pool.query<SessionRow>({
    name: 'sessions_find',
    text: `SELECT s.uid, s.account_id, s.payload, s.expires_at, ${CLIENTS}
           FROM sessions s WHERE s.uid = ANY($1::text[]) AND s.ended_at IS NULL`,
    values: [uids],
  });
  const found = new Map(rows.map((row) => [row.uid, toSession(row)]));
  return uids.map((uid) => found.get(uid));
}

export interface SessionWrite extends Session {
  /** The clients that join, or whose grant is another now. The rest stay as they are. */
  readonly clients: readonly SessionClient[];
  /** False: person, payload and end are those that were loaded, and what another request made of them meanwhile stays. */
  readonly isChanged: boolean;
  /** Digest of the cookie value that the browser gets now. */
  readonly cookieDigest: Buffer;
  /** Digest of the value that this one replaces, at a rotation. */
  readonly replacesDigest: Buffer | null;
}

/**
 * One statement, so that a rotation is whole or not at all. A session that ended in the meantime is not written again:
 * a sign-in that races a sign-out does not bring it back.
 */
export async function saveSession(pool: Pool, write: SessionWrite, now: Date): Promise<void> {
  await pool.query({
    name: 'sessions_save',
    text: `
      WITH saved AS (
        INSERT INTO sessions (uid, account_id, payload, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (uid) DO UPDATE
          SET account_id = CASE WHEN $12 THEN excluded.account_id ELSE sessions.account_id END,
            payload = CASE WHEN $12 THEN excluded.payload ELSE sessions.payload END,
            expires_at = CASE WHEN $12 THEN excluded.expires_at ELSE sessions.expires_at END
          WHERE sessions.ended_at IS NULL
        RETURNING uid
      ), issued AS (
        INSERT INTO session_ids (digest, session_uid, issued_at) SELECT $6, uid, $4 FROM saved
        ON CONFLICT (digest) DO NOTHING
      ), replaced AS (
        UPDATE session_ids SET replaced_at = $4
        WHERE digest = $7 AND replaced_at IS NULL AND EXISTS (SELECT FROM saved)
      )
      INSERT INTO session_clients (session_uid, client_id, sid, grant_id, persists_logout, joined_at)
      SELECT saved.uid, c.client_id, c.sid, c.grant_id, c.persists_logout, $4
      FROM saved, unnest($8::text[], $9::text[], $10::text[], $11::boolean[]) AS c(client_id, sid, grant_id, persists_logout)
      ON CONFLICT (session_uid, client_id, sid) DO UPDATE
        SET grant_id = excluded.grant_id, persists_logout = excluded.persists_logout`,
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
    ],
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
