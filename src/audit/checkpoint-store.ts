import type { Pool } from 'pg';

export interface StoredCheckpoint {
  readonly number: number;
  readonly seq: number;
  readonly jws: string;
}

/** Oldest first. */
export async function listCheckpoints(
  pool: Pool,
  { after, limit }: { after: number; limit: number },
): Promise<StoredCheckpoint[]> {
  const { rows } = await pool.query<StoredCheckpoint>({
    name: 'audit_checkpoints_list',
    text: 'SELECT number, seq, jws FROM audit_checkpoints WHERE number > $1 ORDER BY number LIMIT $2',
    values: [after, limit],
  });
  return rows;
}

/** The number of the last one that is about a link up to this one. Found from the end: there are a few since. */
export async function countCheckpointsUntil(pool: Pool, seq: number): Promise<number> {
  const { rows } = await pool.query<{ number: number }>({
    name: 'audit_checkpoints_until',
    text: 'SELECT number FROM audit_checkpoints WHERE seq <= $1 ORDER BY number DESC LIMIT 1',
    values: [seq],
  });
  return rows[0]?.number ?? 0;
}

/** Newest first. */
export async function listLatestCheckpoints(pool: Pool, limit: number): Promise<StoredCheckpoint[]> {
  const { rows } = await pool.query<StoredCheckpoint>({
    name: 'audit_checkpoints_latest',
    text: 'SELECT number, seq, jws FROM audit_checkpoints ORDER BY number DESC LIMIT $1',
    values: [limit],
  });
  return rows;
}

/** False when another process has signed one of that number meanwhile. */
export async function insertCheckpoint(pool: Pool, { number, seq, jws }: StoredCheckpoint): Promise<boolean> {
  const { rowCount } = await pool.query(
    'INSERT INTO audit_checkpoints (number, seq, jws) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [number, seq, jws],
  );
  return rowCount === 1;
}
