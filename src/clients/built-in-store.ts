import type { Queryable } from '../db/database.ts';
import type { ClientRecord } from './client.ts';

/** Whether it could: not where somebody else's client has the id. */
export async function insertBuiltInClient(
  tx: Queryable,
  client: Pick<ClientRecord, 'id' | 'metadata' | 'requirement'>,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into clients (id, metadata, origin, first_party, requirement, created_at, updated_at)
     values (:id, :metadata, 'built-in', true, :requirement, :now, :now)
     on conflict (id) do update set metadata = excluded.metadata, requirement = excluded.requirement, updated_at = excluded.updated_at
       where clients.origin = 'built-in'`,
    { id: client.id, metadata: JSON.stringify(client.metadata), requirement: client.requirement, now },
  );
  return rowCount === 1;
}
