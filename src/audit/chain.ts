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

/**
 * An event as it is hashed and exported: JSON without spaces between its members, in this order, those that are null left out;
 * `detail` and `risk` as PostgreSQL prints `jsonb`. It is written out here and not asked of a function in the database, which whoever
 * changes events would change as well. `event` is the row's alias.
 */
export function canonicalSql(event: string): string {
  return `'{"id":' || ${event}.id
    || ',"occurred_at":"' || to_char(${event}.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
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
