import type { Knex } from 'knex';

import { currentCircumstances } from './circumstances.ts';
import type { AuditEvent } from './event.ts';
import { riskOf } from './risk.ts';

export type { Actor } from './event.ts';

/**
 * The audit log: security events and changes, one row each, written inside the transaction that made the change. A change
 * without its event, or an event without its change, cannot be committed. At the commit the database chains it to all events
 * before (chain.ts). This room also reads the log: it verifies, searches, exports and passes it on; what is worth an event is decided
 * where it happens.
 */
export async function record(tx: Knex.Transaction, event: AuditEvent): Promise<void> {
  const request = currentCircumstances();
  const risk = riskOf([...(event.reasons ?? []), ...(request?.reasons ?? [])]);
  await tx('audit_events').insert({
    occurred_at: event.occurredAt,
    type: event.type,
    actor: event.actor,
    client_id: event.clientId ?? null,
    account_id: event.accountId ?? null,
    request_id: event.requestId ?? request?.requestId ?? null,
    address: event.address ?? request?.address ?? null,
    detail: JSON.stringify(event.detail ?? {}, storable),
    risk: risk ? JSON.stringify(risk) : null,
  });
}

// What somebody typed may be in there, and an event must not be lost to a character that jsonb refuses.
function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}
