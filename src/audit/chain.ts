import { createHash } from 'node:crypto';

/**
 * The chain of hashes over the audit log. The database makes a link of each event when its transaction commits (migration 0024);
 * here is what a link must be, so that whoever has the events finds out without trusting the database. docs/audit.md defines both.
 */

/** What stands before the first link: 32 zero bytes, in hex. */
export const GENESIS = '00'.repeat(32);

/** Where the chain stands. The hash is lower-case hex. */
export interface Head {
  /** 0 for a chain without links; without gaps, so also how many there are. */
  readonly seq: number;
  readonly hash: string;
}

/** SHA-256 over the 32 bytes of the hash before and the UTF-8 bytes of the event's canonical text. */
export function linkHash(previous: string, canonical: string): string {
  return createHash('sha256').update(previous, 'hex').update(canonical, 'utf8').digest('hex');
}

/** A row of `audit_events` with the columns that are no text as PostgreSQL prints them: `detail` and `risk` as `jsonb`. */
export interface EventTexts {
  readonly id: string;
  /** `YYYY-MM-DDTHH:MM:SS.ssssssZ`. */
  readonly occurredAt: string;
  readonly type: string;
  readonly actor: string;
  readonly clientId: string | null;
  readonly accountId: string | null;
  readonly requestId: string | null;
  readonly address: string | null;
  readonly detail: string;
  readonly risk: string | null;
}

/**
 * An event as it is hashed and exported: JSON without spaces between its members, in this order, those that are null left out. It is
 * made here when the log is verified: a function in the database would be changed by whoever changes events.
 */
export function canonicalText(event: EventTexts): string {
  const risk = event.risk === null ? '' : `,"risk":${event.risk}`;
  return `{"id":${event.id},"occurred_at":"${event.occurredAt}"${member('type', event.type)}${member('actor', event.actor)}${member(
    'client_id',
    event.clientId,
  )}${member('account_id', event.accountId)}${member('request_id', event.requestId)}${member('address', event.address)},"detail":${event.detail}${risk}}`;
}

function member(name: string, value: string | null): string {
  return value === null ? '' : `,"${name}":${JSON.stringify(value)}`;
}

/** SQL of the time of an event in its canonical text. */
export function timeSql(event: string): string {
  return `to_char(${event}.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** SQL of the same text, for whatever is passed on. `event` is the row's alias. */
export function canonicalSql(event: string): string {
  return `'{"id":' || ${event}.id
    || ',"occurred_at":"' || ${timeSql(event)}
    || '","type":' || to_json(${event}.type)::text
    || ',"actor":' || to_json(${event}.actor)::text
    || coalesce(',"client_id":' || to_json(${event}.client_id)::text, '')
    || coalesce(',"account_id":' || to_json(${event}.account_id)::text, '')
    || coalesce(',"request_id":' || to_json(${event}.request_id)::text, '')
    || coalesce(',"address":' || to_json(${event}.address)::text, '')
    || ',"detail":' || ${event}.detail::text
    || coalesce(',"risk":' || ${event}.risk::text, '')
    || '}'`;
}
