import type { Knex } from 'knex';

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

/** Who did it: `cli`, `system`, `client:ID`, `account:ID`. */
export type Actor = string;

/** What happened, to whom, by whom. `detail` is for facts an operator needs; never a secret, a token or a password. */
export interface AuditEvent {
  readonly occurredAt: Date;
  /** `noun.verb` in the past tense, e.g. `client.created`. */
  readonly type: string;
  readonly actor: Actor;
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly address?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}
