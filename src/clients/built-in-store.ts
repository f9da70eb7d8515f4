import type { Queryable } from '../db/database.ts';
import type { ClientRecord } from './client.ts';

/** Whether it could: not where somebody else's client has the id. */
export async function insertBuiltInClient(
  tx: Queryable,
  client: Pick<ClientRecord, 'id' | 'metadata'>,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into clients (id, metadata, origin, first_party, created_at, updated_at)
     values (:id, :metadata, 'built-in', true, :now, :now)
     on conflict (id) do update set metadata = excluded.metadata, updated_at = excluded.updated_at
       where clients.origin = 'built-in'`,
    { id: client.id, metadata: JSON.stringify(client.metadata), now },
  );
  return rowCount === 1;
}
