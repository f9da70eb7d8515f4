import type { Pool } from 'pg';
import type { Knex } from 'knex';

import { jtiDigest, type LedgerEntry, type RevokeTarget } from './token.ts';

/** One statement for many look-ups. `exp` names the partition, so each reads one small index. */
export async function findTokens(
  pool: Pool,
  keys: readonly { jti: string; expiresAt: Date }[],
): Promise<(LedgerEntry | undefined)[]> {
  const digests = keys.map((key) => jtiDigest(key.jti));
  const { rows } = await pool.query<{
    jti: Buffer;
    client_id: string;
    api_id: string;
    grant_id: string | null;
    session_uid: string | null;
    account_id: string | null;
    kid: string;
    status_list: number | null;
    status_index: number | null;
    issued_at: Date;
    expires_at: Date;
    revoked_at: Date | null;
    hangs_on: string[] | null;
  }>({
    name: 'tokens_find',
    text: `
      SELECT t.jti, t.client_id, t.api_id, t.grant_id, t.session_uid, t.account_id, t.kid, t.status_list,
        t.status_index, t.issued_at, t.expires_at, t.revoked_at, t.hangs_on
      FROM unnest($1::bytea[], $2::timestamptz[]) AS k(jti, expires_at)
      JOIN tokens t ON t.jti = k.jti AND t.expires_at = k.expires_at`,
    values: [digests, keys.map((key) => key.expiresAt)],
  });
  const found = new Map(
    rows.map((row) => [
      row.jti.toString('latin1'),
      {
        clientId: row.client_id,
        apiId: row.api_id,
        grantId: row.grant_id,
        sessionUid: row.session_uid,
        accountId: row.account_id,
        kid: row.kid,
        status:
          row.status_list === null || row.status_index === null
            ? null
            : { listNo: row.status_list, index: row.status_index },
        issuedAt: row.issued_at,
        expiresAt: row.expires_at,
        revokedAt: row.revoked_at,
        hangsOn: row.hangs_on ?? [],
      },
    ]),
  );
  return digests.map((digest) => found.get(digest.toString('latin1')));
}

/** Ends the grants behind the target and answers how many. Their codes and tokens go with them, see {@link deleteGrantArtifacts}. */
export async function endGrants(tx: Knex.Transaction, target: RevokeTarget, now: Date): Promise<number> {
  const rows = tx('grants').whereNull('revoked_at');
  if ('grant' in target) rows.where('id', target.grant);
  else if ('account' in target) {
    rows.where('account_id', target.account);
    if (target.exceptSession !== undefined) rows.whereNotIn('id', grantsOf(tx, target.exceptSession));
  } else if ('client' in target) rows.where('client_id', target.client);
  else if ('consentOf' in target) rows.where({ account_id: target.consentOf, client_id: target.clientId });
  else if ('issuedBefore' in target) rows.where('created_at', '<', target.issuedBefore);
  else if ('identity' in target) rows.where('identity_id', target.identity);
  else if ('provider' in target) rows.whereIn('identity_id', identitiesOf(tx, target.provider));
  else return 0;
  return rows.update({ revoked_at: now });
}

/** Whether the client, unless it is a part of this server, holds a grant of the person that has not ended. */
export async function hasGrants(
  tx: Knex.Transaction,
  { accountId, clientId, now }: { accountId: string; clientId: string; now: Date },
): Promise<boolean> {
  const row = await tx('grants')
    .first<{ id: string } | undefined>('id')
    .where({ account_id: accountId, client_id: clientId })
    .whereNull('revoked_at')
    .where('expires_at', '>', now)
    .whereNotExists(tx('clients').where({ id: clientId, origin: 'built-in' }));
  return row !== undefined;
}

/**
 * Codes, refresh tokens and opaque tokens of a grant or a person. With their grant they are dead already (grants/store.ts);
 * where there may be very many, a job clears them away.
 */
export async function deleteGrantArtifacts(tx: Knex.Transaction, target: RevokeTarget): Promise<void> {
  if ('grant' in target) await tx('artifacts').where('grant_id', target.grant).delete();
  if ('account' in target) {
    const ended = tx('grants').select('id').whereNotNull('revoked_at').where('account_id', target.account);
    await tx('artifacts').whereIn('grant_id', ended).delete();
  }
  if ('consentOf' in target) {
    const { consentOf, clientId } = target;
    const ended = tx('grants')
      .select('id')
      .whereNotNull('revoked_at')
      .where({ account_id: consentOf, client_id: clientId });
    await tx('artifacts').whereIn('grant_id', ended).delete();
  }
}

/** Ends browser sessions and answers their uids, so that clients can be told. */
export async function endSessions(
  tx: Knex.Transaction,
  target: RevokeTarget,
  now: Date,
): Promise<readonly string[]> {
  const rows = tx('sessions').whereNull('ended_at');
  if ('session' in target) rows.where('uid', target.session);
  else if ('account' in target) {
    rows.where('account_id', target.account);
    if (target.exceptSession !== undefined) rows.whereNot('uid', target.exceptSession);
  } else if ('issuedBefore' in target) rows.where('created_at', '<', target.issuedBefore);
  else if ('identity' in target) rows.where('identity_id', target.identity);
  else if ('provider' in target) rows.whereIn('identity_id', identitiesOf(tx, target.provider));
  else if ('identitySessions' in target) {
    const { identitySessions, upstreamSid } = target;
    rows.where('identity_id', identitySessions);
    // A provider that names no session at sign-in may name one at sign-out all the same: then it is all of that person's.
    if (upstreamSid !== undefined) rows.whereRaw('coalesce(upstream_sid, ?) = ?', [upstreamSid, upstreamSid]);
  } else return [];
  const ended: { uid: string }[] = await rows.update({ ended_at: now }).returning('uid');
  return ended.map((row) => row.uid);
}

function identitiesOf(tx: Knex.Transaction, providerId: string): Knex.QueryBuilder {
  return tx('identities').select('id').where('provider_id', providerId);
}

function grantsOf(tx: Knex.Transaction, sessionUid: string): Knex.QueryBuilder {
  return tx('session_clients').select('grant_id').where('session_uid', sessionUid).whereNotNull('grant_id');
}

/** One delivery for every sign-in at a client that asked to be told (OIDC Back-Channel Logout §2.2). */
export async function enqueueLogouts(
  tx: Knex.Transaction,
  uids: readonly string[],
  now: Date,
): Promise<void> {
  if (uids.length === 0) return;
  await tx.raw(
    `INSERT INTO logout_deliveries (id, client_id, account_id, sid, next_attempt_at, created_at)
     SELECT gen_random_uuid()::text, j.client_id, s.account_id, j.sid, ?, ?
     FROM session_clients j
     JOIN sessions s ON s.uid = j.session_uid
     JOIN clients c ON c.id = j.client_id
     WHERE j.session_uid = ANY(?) AND s.account_id IS NOT NULL AND c.metadata ? 'backchannel_logout_uri'
     ON CONFLICT (client_id, sid) DO NOTHING`.replace("metadata ? '", "metadata \\? '"),
    [now, now, [...uids]],
  );
}
