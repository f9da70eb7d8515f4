import type { AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { Pool } from 'pg';

/**
 * The adapter that anybody would write first, and that most published ones are: one table, the payload as it is, one
 * statement a call. It is here to be compared with and takes no care of races (its `consume` marks what another request may
 * have marked a moment before), of secrets at rest, or of growth.
 */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS payloads (
    id          text NOT NULL,
    model       text NOT NULL,
    payload     jsonb NOT NULL,
    grant_id    text,
    user_code   text,
    uid         text,
    expires_at  timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (id, model)
  );
  CREATE INDEX IF NOT EXISTS payloads_grant ON payloads (grant_id);
  CREATE INDEX IF NOT EXISTS payloads_user_code ON payloads (user_code);
  CREATE INDEX IF NOT EXISTS payloads_uid ON payloads (uid);`;

interface Row {
  payload: AdapterPayload;
  consumed_at: Date | null;
}

export function postgresAdapter(pool: Pool): AdapterFactory {
  return (model) => {
    async function findBy(column: 'id' | 'uid' | 'user_code', value: string) {
      const { rows } = await pool.query<Row>(
        `SELECT payload, consumed_at FROM payloads
         WHERE ${column} = $1 AND model = $2 AND (expires_at IS NULL OR expires_at > now())`,
        [value, model],
      );
      const [row] = rows;
      return row && { ...row.payload, ...(row.consumed_at ? { consumed: true } : {}) };
    }

    return {
      async upsert(id, payload, expiresIn) {
        await pool.query(
          `INSERT INTO payloads (id, model, payload, grant_id, user_code, uid, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
           ON CONFLICT (id, model) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
             user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`,
          [id, model, payload, payload.grantId, payload.userCode, payload.uid, expiresIn],
        );
      },
      find: (id) => findBy('id', id),
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (userCode) => findBy('user_code', userCode),
      async consume(id) {
        await pool.query('UPDATE payloads SET consumed_at = now() WHERE id = $1 AND model = $2', [id, model]);
      },
      async destroy(id) {
        await pool.query('DELETE FROM payloads WHERE id = $1 AND model = $2', [id, model]);
      },
      async revokeByGrantId(grantId) {
        await pool.query('DELETE FROM payloads WHERE grant_id = $1', [grantId]);
      },
    };
  };
}
