import type { Database } from '../db/database.ts';
import type { AuditEvent } from './event.ts';
import type { AuditQuota } from './quota.ts';
import { record } from './record.ts';

export interface BoundedContext {
  readonly db: Pick<Database, 'transaction'>;
  readonly auditQuota: AuditQuota;
}

/**
 * For what anybody can cause as often as they like: recorded within a quota for each `key`, in a transaction of its own. `unrecorded`
 * in the detail says how many like it were passed over.
 */
export async function recordBounded(
  { db, auditQuota }: BoundedContext,
  event: AuditEvent,
  key: string,
): Promise<void> {
  const unrecorded = auditQuota.take(event.type, key);
  if (unrecorded === undefined) return;
  const detail = unrecorded === 0 ? event.detail : { ...event.detail, unrecorded };
  await db.transaction((tx) => record(tx, { ...event, detail }));
}
