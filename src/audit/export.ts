import type { Pool } from 'pg';

import { queryOnce } from '../db/query-once.ts';
import { canonicalSql } from './chain.ts';
import { toOcsf } from './ocsf.ts';

/** An event on its way out, in the order of the chain. */
export interface ExportedEvent {
  readonly seq: number;
  readonly hash: string;
  /** The JSON that was hashed: nobody may print it anew. */
  readonly canonical: string;
}

/** What of the log is asked for. Empty `types` are all; each is a type, or with a dot at its end all that begin so. */
export interface Selection {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly types?: readonly string[];
  readonly minRisk?: number | undefined;
}

export const EXPORT_FORMATS = ['jsonl', 'ocsf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The event as parsed from its canonical text. */
export interface CanonicalEvent {
  readonly id: number;
  readonly occurred_at: string;
  readonly type: string;
  readonly actor: string;
  readonly client_id?: string;
  readonly account_id?: string;
  readonly request_id?: string;
  readonly address?: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly risk?: { readonly score: number; readonly reasons: readonly string[] };
}

/** A row of a page, and whether it is among what was selected. */
export interface SelectedEvent extends ExportedEvent {
  readonly isSelected: boolean;
}

/** Rows of one read: some megabytes. */
const PAGE = 2000;

/** Everything that is selected and was there when this began, a page of it at a time in memory. */
export async function* exportEvents(pool: Pool, selection: Selection = {}): AsyncGenerator<ExportedEvent> {
  let after = selection.since === undefined ? 0 : (await findSeqSince(pool, selection.since)) - 1;
  for (;;) {
    const page = await readSelected(pool, selection, { after, limit: PAGE });
    for (const event of page) if (event.isSelected) yield event;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.seq;
  }
}

/** The first link whose event is not older; after the last one when all are. */
export async function findSeqSince(pool: Pool, since: Date): Promise<number> {
  const { rows } = await queryOnce<{ seq: number }>(
    pool,
    `SELECT coalesce(
       (SELECT min(c.seq) FROM audit_events e JOIN audit_chain c ON c.event_id = e.id WHERE e.occurred_at >= $1),
       (SELECT max(seq) + 1 FROM audit_chain),
       1
     ) AS seq LIMIT 1`,
    [since],
  );
  return rows[0]?.seq ?? 1;
}

/** The next links, whether they are selected or not: whoever follows the log remembers how far they have come. */
export async function readSelected(
  pool: Pool,
  { since, until, types = [], minRisk }: Selection,
  { after, limit }: { after: number; limit: number },
): Promise<SelectedEvent[]> {
  const { rows } = await pool.query<{ seq: number; hash: string; canonical: string; is_selected: boolean }>({
    name: 'audit_selected_read',
    text: `
      SELECT c.seq, encode(c.hash, 'hex') AS hash, s.is_selected,
        CASE WHEN s.is_selected THEN ${canonicalSql('e')} ELSE '' END AS canonical
      FROM audit_chain c JOIN audit_events e ON e.id = c.event_id
      CROSS JOIN LATERAL (
        SELECT ($3::timestamptz IS NULL OR e.occurred_at >= $3) AND ($4::timestamptz IS NULL OR e.occurred_at < $4)
          AND (cardinality($5::text[]) = 0 OR EXISTS (
            SELECT FROM unnest($5::text[]) AS t WHERE e.type = t OR (right(t, 1) = '.' AND starts_with(e.type, t))))
          AND coalesce((e.risk->>'score')::integer, 0) >= $6 AS is_selected
      ) s
      WHERE c.seq > $1 ORDER BY c.seq LIMIT $2`,
    values: [after, limit, since ?? null, until ?? null, types, minRisk ?? 0],
  });
  return rows.map((row) => ({
    seq: row.seq,
    hash: row.hash,
    canonical: row.canonical,
    isSelected: row.is_selected,
  }));
}

/** One line without its end. */
export function exportLine(event: ExportedEvent, format: ExportFormat): string {
  const { seq, hash, canonical } = event;
  if (format === 'ocsf') return JSON.stringify(toOcsf(parseCanonical(event), { seq, hash }));
  return `{"seq":${seq},"hash":"${hash}","event":${canonical}}`;
}

export function parseCanonical({ canonical }: Pick<ExportedEvent, 'canonical'>): CanonicalEvent {
  const event: CanonicalEvent = JSON.parse(canonical);
  return event;
}
