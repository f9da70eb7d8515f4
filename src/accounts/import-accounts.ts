import type { Knex } from 'knex';
import type { PoolClient } from 'pg';

import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Database } from '../db/database.ts';
import type { ImportRecord } from './import-record.ts';
import {
  createSeen,
  dropSeen,
  findTaken,
  insertImported,
  noteSeen,
  type ImportRow,
  type Taken,
} from './import-store.ts';

/**
 * Accounts of another system, batch by batch. A batch is one transaction, and an account whose id is there already has been
 * imported: whoever is interrupted begins again from the start, and nothing is done twice or lost.
 */
export interface AccountImport extends AsyncDisposable {
  /** `records` with the lines they stand on, which rise from batch to batch. */
  run(records: readonly (ImportRecord & { readonly line: number })[]): Promise<BatchOutcome>;
}

export interface BatchOutcome {
  readonly imported: number;
  /** An account of this id exists. It stays as it is. */
  readonly alreadyThere: number;
  readonly conflicts: readonly Conflict[];
}

export interface Conflict {
  readonly line: number;
  readonly id: string;
  /** For the operator. */
  readonly problem: string;
}

export interface ImportContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly passwords: Passwords;
}

interface ImportPlan {
  /** Finds out what would happen and changes nothing. */
  readonly rehearse: boolean;
  /** What a batch with conflicts comes to: nothing of it is imported, or what has none. */
  readonly onConflict: 'fail' | 'skip';
  readonly actor: Actor;
  /** What else comes with those that are new, by their ids; a part of the batch's transaction. */
  readonly also?: ((tx: Knex.Transaction, ids: ReadonlySet<string>, now: Date) => Promise<void>) | undefined;
}

export async function openAccountImport(ctx: ImportContext, plan: ImportPlan): Promise<AccountImport> {
  const seen = await ctx.db.pool.connect();
  await createSeen(seen);
  return {
    run: (records) => runBatch(ctx, plan, { seen, rows: records.map((one) => toRow(ctx, one)) }),
    async [Symbol.asyncDispose]() {
      await dropSeen(seen);
      seen.release();
    },
  };
}

async function runBatch(
  ctx: ImportContext,
  { rehearse, onConflict, actor, also }: ImportPlan,
  { seen, rows }: { seen: PoolClient; rows: readonly ImportRow[] },
): Promise<BatchOutcome> {
  const repeats = await noteSeen(seen, rows);
  const repeated = rows.flatMap(({ line, id }): Conflict[] => {
    const found = repeats.get(line);
    return found ? [{ line, id, problem: `Line ${found.line} has the same ${found.field}.` }] : [];
  });
  const { newRows, alreadyThere, conflicts } = divide(
    rows.filter(({ line }) => !repeats.has(line)),
    await findTaken(ctx.db.knex, rows),
  );
  const all = [...repeated, ...conflicts].sort((a, b) => a.line - b.line);
  if (rehearse) return { imported: newRows.length, alreadyThere, conflicts: all };
  if (newRows.length === 0 || (all.length > 0 && onConflict === 'fail'))
    return { imported: 0, alreadyThere, conflicts: all };
  const late = await insert(ctx, newRows, { alreadyThere, conflicts: all.length, actor, also });
  return { imported: newRows.length - late.length, alreadyThere, conflicts: [...all, ...late] };
}

/** The conflicts are with accounts that came to be since they were looked for. */
async function insert(
  { db, clock }: ImportContext,
  rows: readonly ImportRow[],
  {
    actor,
    also,
    ...counts
  }: { alreadyThere: number; conflicts: number } & Pick<ImportPlan, 'actor' | 'also'>,
): Promise<Conflict[]> {
  return db.transaction(async (tx) => {
    const now = clock.now();
    const inserted = await insertImported(tx, rows, now);
    const late = rows.filter(({ id }) => !inserted.has(id));
    if (inserted.size > 0) {
      const detail = { ...counts, imported: inserted.size, conflicts: counts.conflicts + late.length };
      await record(tx, { occurredAt: now, type: 'accounts.imported', actor, detail });
      await also?.(tx, inserted, now);
    }
    return late.map(({ line, id }) => ({ line, id, problem: TAKEN_MEANWHILE }));
  });
}

const TAKEN_MEANWHILE = 'Another account has taken the id, the username or the e-mail address meanwhile.';

function divide(
  rows: readonly ImportRow[],
  taken: Taken,
): { newRows: ImportRow[]; alreadyThere: number; conflicts: Conflict[] } {
  const absent = rows.filter(({ id }) => !taken.ids.has(id));
  const found = absent.map((row) => ({ row, problem: problemOf(row, taken) }));
  return {
    alreadyThere: rows.length - absent.length,
    newRows: found.filter(({ problem }) => problem === undefined).map(({ row }) => row),
    conflicts: found.flatMap(({ row: { line, id }, problem }) =>
      problem === undefined ? [] : [{ line, id, problem }],
    ),
  };
}

function problemOf({ id, username, email }: ImportRow, taken: Taken): string | undefined {
  if (taken.clientIds.has(id)) return 'A client has this id.';
  if (username !== null && taken.usernames.has(username)) return 'Another account has this username.';
  if (email !== null && taken.emails.has(email)) return 'Another account has this e-mail address.';
  return undefined;
}

function toRow(
  { clock, passwords }: ImportContext,
  { hash, disabled, createdAt, ...account }: ImportRecord & { readonly line: number },
): ImportRow {
  const now = clock.now();
  return {
    ...account,
    passwordHash: hash === null ? null : passwords.wrap(hash),
    disabledAt: disabled ? now : null,
    createdAt: createdAt ?? now,
  };
}
