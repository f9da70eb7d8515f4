import type { ImportContext } from '../accounts/import-accounts.ts';
import type { Actor } from '../audit/event.ts';
import type { Seal } from '../crypto/seal.ts';
import { nested } from '../db/nested.ts';
import { makeConfiguration, type MakeContext } from './make.ts';
import { noCounts, type Counts, type ForeignPerson, type Migration } from './migration.ts';
import type { Notes } from './notes.ts';
import { importPeople } from './people.ts';

export type MigrationContext = MakeContext & ImportContext & { readonly seal: Seal };

export interface RunOptions {
  /** Everything is done in one transaction that is rolled back, so that the report is the same and no row changes. */
  readonly rehearse: boolean;
  readonly actor: Actor;
  readonly notes: Notes;
  readonly onBatch?: ((people: number) => void) | undefined;
}

/**
 * APIs, roles, clients and keys in one transaction, then people in batches. What is there already stays as it is. What is not taken over
 * stands in `notes`.
 */
export async function runMigration(
  ctx: MigrationContext,
  what: {
    readonly migration: Migration;
    readonly people: Iterable<ForeignPerson> | AsyncIterable<ForeignPerson>;
  },
  options: RunOptions,
): Promise<Counts> {
  if (!options.rehearse) return run(ctx, what, options);
  let counts = noCounts();
  const undo = new Error('a rehearsal is undone');
  const work = ctx.db.transaction(async (tx) => {
    counts = await run({ ...ctx, db: nested(ctx.db, tx) }, what, options);
    throw undo;
  });
  await work.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
  return counts;
}

async function run(
  ctx: MigrationContext,
  { migration, people }: Parameters<typeof runMigration>[1],
  { rehearse, actor, notes, onBatch = () => {} }: RunOptions,
): Promise<Counts> {
  const counts = await makeConfiguration(ctx, migration, { rehearse, actor, notes });
  await importPeople(ctx, people, { actor, notes, counts, onBatch });
  return counts;
}
