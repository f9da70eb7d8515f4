import type { Pool } from 'pg';

import { GENESIS, timeSql, type EventTexts, type Head } from './chain.ts';

/** A place in the chain. Of a chain that is whole, `eventId` follows from `seq`. */
export interface Place {
  readonly seq: number;
  readonly eventId: number;
}

export interface Link extends Place {
  readonly hash: string;
  /** Null: the event is gone. */
  readonly event: EventTexts | null;
}

export async function findHead(pool: Pool): Promise<Head> {
  const { rows } = await pool.query<Head>({
    name: 'audit_head_find',
    text: `SELECT seq, encode(hash, 'hex') AS hash FROM audit_chain ORDER BY audit_chain.seq DESC LIMIT 1`,
  });
  return rows[0] ?? { seq: 0, hash: GENESIS };
}

/** The hashes at these places, as far as there are links. */
export async function findHashes(pool: Pool, seqs: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await pool.query<{ seq: number; hash: string }>({
    name: 'audit_hashes_find',
    text: `
      SELECT seq, encode(hash, 'hex') AS hash FROM audit_chain WHERE seq = ANY($1::bigint[])
      LIMIT cardinality($1::bigint[])`,
    values: [seqs],
  });
  return new Map(rows.map((row) => [row.seq, row.hash]));
}

/** In the order of the chain. */
export async function listLinks(
  pool: Pool,
  { after, until, limit }: { after: Place; until: number; limit: number },
): Promise<Link[]> {
  // Rows as arrays: there are millions of them, and the names of a dozen columns cost as much as the rest.
  const { rows } = await pool.query<LinkRow>({
    name: 'audit_links_list',
    rowMode: 'array',
    text: `
      SELECT c.seq, c.event_id, encode(c.hash, 'hex'), e.id::text, ${timeSql('e')}, e.type, e.actor, e.client_id, e.account_id,
        e.request_id, e.address, e.detail::text, e.risk::text
      FROM audit_chain c LEFT JOIN audit_events e ON e.id = c.event_id
      WHERE (c.seq, c.event_id) > ($1, $2) AND c.seq <= $3 ORDER BY c.seq, c.event_id LIMIT $4`,
    values: [after.seq, after.eventId, until, limit],
  });
  return rows.map(toLink);
}

type Text = string | null;
type LinkRow = [
  seq: number,
  eventId: number,
  hash: string,
  ...([id: string, occurredAt: string, type: string, actor: string] | [null, null, null, null]),
  clientId: Text,
  accountId: Text,
  requestId: Text,
  address: Text,
  detail: string,
  risk: Text,
];

function toLink(row: LinkRow): Link {
  const [
    seq,
    eventId,
    hash,
    id,
    occurredAt,
    type,
    actor,
    clientId,
    accountId,
    requestId,
    address,
    detail,
    risk,
  ] = row;
  if (id === null) return { seq, eventId, hash, event: null };
  return {
    seq,
    eventId,
    hash,
    event: { id, occurredAt, type, actor, clientId, accountId, requestId, address, detail, risk },
  };
}

/** An event, and whether it has a link. An event and its link become visible at once, so there are none without by chance. */
export interface ChainedEvent {
  readonly id: bigint;
  readonly occurredAt: Date;
  readonly isChained: boolean;
}

/** Looks through so many events from an id on; of those it returns the ones without a link, and the last in any case. */
export async function listUnchained(
  pool: Pool,
  { from, limit }: { from: bigint; limit: number },
): Promise<ChainedEvent[]> {
  const { rows } = await pool.query<{ id: string; occurred_at: Date; is_chained: boolean }>({
    name: 'audit_unchained_list',
    text: `
      WITH page AS MATERIALIZED (
        SELECT id, occurred_at FROM audit_events WHERE id >= $1 ORDER BY audit_events.id LIMIT $2
      )
      SELECT p.id::text AS id, p.occurred_at, c.seq IS NOT NULL AS is_chained
      FROM page p LEFT JOIN audit_chain c ON c.event_id = p.id AND c.seq > 0
      WHERE c.seq IS NULL OR p.id = (SELECT max(id) FROM page)
      ORDER BY p.id LIMIT $2`,
    values: [from, limit],
  });
  return rows.map((row) => ({
    id: BigInt(row.id),
    occurredAt: row.occurred_at,
    isChained: row.is_chained,
  }));
}

/** What makes the log append-only and chained; a dump that was restored brings all of it back. */
const PROTECTIONS = [
  'audit_events_chain',
  'audit_events_append_only',
  'audit_chain_append_only',
  'audit_checkpoints_append_only',
] as const;

/** Triggers that are not there, or are switched off. */
export async function listMissingProtections(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>({
    name: 'audit_protections_missing',
    text: `
      SELECT name FROM unnest($1::text[]) AS name
      WHERE NOT EXISTS (
        SELECT FROM pg_trigger t
        WHERE t.tgname = name AND t.tgenabled IN ('O', 'A')
          AND t.tgrelid IN ('audit_events'::regclass, 'audit_chain'::regclass, 'audit_checkpoints'::regclass)
      )
      LIMIT 10`,
    values: [PROTECTIONS],
  });
  return rows.map(({ name }) => name);
}

const VERIFYING = `hashtextextended('guichet audit verify', 0)`;

/** Runs `work` unless some process is at it already with the same database; undefined: one is. Takes a connection meanwhile. */
export async function aloneVerifying<T>(pool: Pool, work: () => Promise<T>): Promise<T | undefined> {
  const client = await pool.connect();
  // A connection that breaks frees the lock; closing it does as well, should it not be given back.
  let isOpen = false;
  try {
    const { rows } = await client.query<{ yes: boolean }>(`SELECT pg_try_advisory_lock(${VERIFYING}) AS yes`);
    if (rows[0]?.yes !== true) {
      isOpen = true;
      return undefined;
    }
    const done = await work();
    await client.query(`SELECT pg_advisory_unlock(${VERIFYING})`);
    isOpen = true;
    return done;
  } finally {
    client.release(!isOpen);
  }
}
