import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import { newId } from '../crypto/ids.ts';

export interface ImportedAssignment {
  readonly accountId: string;
  readonly roleId: string;
}

/**
 * Roles of people who were imported in the same transaction, so that nobody's roles are held anywhere yet and nobody has to be told.
 * One event for all of them. A role that is gone meanwhile is left out. Answers how many were given.
 */
export async function importAssignmentsWithin(
  tx: Knex.Transaction,
  assignments: readonly ImportedAssignment[],
  { now, actor }: { now: Date; actor: Actor },
): Promise<number> {
  if (assignments.length === 0) return 0;
  const rows = assignments.map(({ accountId, roleId }) => ({
    id: newId('ras'),
    account_id: accountId,
    role_id: roleId,
  }));
  const { rows: given } = await tx.raw<{ rows: unknown[] }>(
    `INSERT INTO role_assignments (id, role_id, account_id, source, given_at, given_by)
     SELECT g.id, r.id, g.account_id, 'operator', ?, ?
       FROM jsonb_to_recordset(?::jsonb) AS g (id text, account_id text, role_id text)
       JOIN roles r ON r.id = g.role_id
     ON CONFLICT DO NOTHING RETURNING id`,
    [now, actor, JSON.stringify(rows)],
  );
  if (given.length > 0)
    await record(tx, { occurredAt: now, type: 'roles.imported', actor, detail: { given: given.length } });
  return given.length;
}
