import type { Knex } from 'knex';

import type { AuditEvent } from './event.ts';

export type { Actor } from './event.ts';

/**
 * The audit log: security events and changes, one row each, written inside the transaction that made the change. A change
 * without its event, or an event without its change, cannot be committed.
 */
export async function record(tx: Knex.Transaction, event: AuditEvent): Promise<void> {
  await tx('audit_events').insert({
    occurred_at: event.occurredAt,
    type: event.type,
    actor: event.actor,
    client_id: event.clientId ?? null,
    account_id: event.accountId ?? null,
    request_id: event.requestId ?? null,
    address: event.address ?? null,
    detail: JSON.stringify(event.detail ?? {}, storable),
  });
}

// What somebody typed may be in there, and an event must not be lost to a character that jsonb refuses.
function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}
