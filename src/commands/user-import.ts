import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';

import { openAccountImport, type AccountImport, type Conflict } from '../accounts/import-accounts.ts';
import { readImportRecord, type ImportOptions, type ImportRecord } from '../accounts/import-record.ts';
import { IMPORT_SOURCES } from '../accounts/import-sources.ts';
import { readFirebaseConfig } from '../crypto/read-vendor-hash.ts';
import { AppError } from '../errors.ts';
import { ACTOR } from './actor.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { readLines, type Line } from './lines.ts';
import { fields, paragraphs, table, type Outcome } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import { createProgress } from './progress.ts';
import type { Action } from './run.ts';
import { readTextFile } from './stdin.ts';
import { untrusted } from '../inspection/untrusted.ts';
import { UsageError } from './usage-error.ts';

/** Large enough that 100 000 accounts are not 100 000 commits, small enough for a statement's timeout. */
const BATCH_ROWS = 1000;

/** So many problems are shown; all of them stand in the file of `--errors`. */
const PROBLEMS_SHOWN = 20;

const importOptions = z.object({
  from: z.enum(IMPORT_SOURCES, { error: `must be ${IMPORT_SOURCES.join(', ')}` }).default('guichet'),
  dryRun: z.boolean().default(false),
  onConflict: z.enum(['fail', 'skip'], { error: 'must be fail or skip' }).default('fail'),
  errors: z.string().optional(),
  firebaseHashConfig: z.string().optional(),
});

type Options = z.output<typeof importOptions>;

interface Problem extends Omit<Conflict, 'id'> {
  readonly id: string | undefined;
}

interface Tally {
  lines: number;
  imported: number;
  alreadyThere: number;
  skipped: number;
  problems: number;
  /** The line before which everything is done, when a conflict stopped it. */
  stopped: boolean;
  readonly shown: Problem[];
}

/** Reads, checks and imports a batch at a time, so that the size of the file does not matter. */
export const importUsers: Action = async (context, { args, options: given }) => {
  const options = parseOptions(importOptions, given);
  const file = parseArgument(args, 0, 'file');
  const bytesTotal = file === '-' ? undefined : await sizeOf(file);
  const reading = await readingOptions(options);
  const tally: Tally = {
    lines: 0,
    imported: 0,
    alreadyThere: 0,
    skipped: 0,
    problems: 0,
    stopped: false,
    shown: [],
  };
  const progress = createProgress(process.stderr, { noun: 'lines', bytesTotal });
  await using errors = options.errors === undefined ? undefined : await open(options.errors, 'w', 0o600);
  await using accounts = await openAccountImport(context, {
    rehearse: options.dryRun,
    onConflict: options.onConflict,
    actor: ACTOR,
  });
  for await (const lines of inBatches(readLines(file === '-' ? process.stdin : createReadStream(file)))) {
    await importBatch({ accounts, reading, options, tally, errors, now: context.clock.now() }, lines);
    progress.update({ items: tally.lines, bytes: lines.at(-1)?.bytes ?? 0 });
    if (tally.stopped) break;
  }
  progress.end();
  return outcomeOf(tally, options);
};

async function readingOptions({ from, firebaseHashConfig }: Options): Promise<ImportOptions> {
  if (firebaseHashConfig === undefined) return { source: from, firebase: undefined };
  return { source: from, firebase: readFirebaseConfig(await readTextFile(firebaseHashConfig)) };
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw new UsageError(
      `The file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (found.isDirectory()) throw new UsageError(`${file} is a directory.`);
  return found.size;
}

async function* inBatches(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length < BATCH_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

interface Run {
  readonly accounts: AccountImport;
  readonly reading: ImportOptions;
  readonly options: Options;
  readonly tally: Tally;
  readonly errors: FileHandle | undefined;
  readonly now: Date;
}

async function importBatch(run: Run, lines: readonly Line[]): Promise<void> {
  const { accounts, options, tally, errors } = run;
  const records: (ImportRecord & { line: number })[] = [];
  const problems: Problem[] = [];
  for (const line of lines) {
    const read = readLine(run, line);
    if ('problem' in read) problems.push(read);
    else records.push(read);
  }
  const { imported, alreadyThere, conflicts } = await accounts.run(records);
  const isSkipping = options.onConflict === 'skip';
  tally.lines += lines.length;
  tally.imported += imported;
  tally.alreadyThere += alreadyThere;
  tally.skipped += isSkipping ? conflicts.length : 0;
  tally.problems += problems.length + (isSkipping ? 0 : conflicts.length);
  tally.stopped = !isSkipping && !options.dryRun && conflicts.length > 0;
  const all = [...problems, ...conflicts].sort((a, b) => a.line - b.line);
  tally.shown.push(...all.slice(0, PROBLEMS_SHOWN - tally.shown.length));
  await errors?.appendFile(
    all.map(({ line, id, problem }) => `${JSON.stringify({ line, id, problem })}\n`).join(''),
  );
}

function readLine(
  { reading, now }: Run,
  { number, text }: Line,
): (ImportRecord & { line: number }) | Problem {
  const problem = (what: string, id?: string): Problem => ({ line: number, id, problem: what });
  if (text === undefined) return problem('It is longer than 128 KiB or not UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (number === 1 && /^[[{]$/.test(text)) throw notLines();
    return problem('It is not JSON.');
  }
  if (number === 1 && Array.isArray(value)) throw notLines();
  try {
    return { ...readImportRecord(value, reading, now), line: number };
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    return problem(error.message, idIn(value));
  }
}

function notLines(): UsageError {
  return new UsageError(
    "The file is one JSON document; one account per line is needed. Make lines of a list with: jq -c '.[]'  or: jq -c '.users[]'",
  );
}

/** For finding the record again; it may be anything. */
function idIn(value: unknown): string | undefined {
  const found = z.looseObject({ id: z.string().max(255) }).safeParse(value);
  return found.success ? found.data.id : undefined;
}

function outcomeOf(tally: Tally, { dryRun, onConflict, errors }: Options): Outcome {
  const more = tally.problems + tally.skipped - tally.shown.length;
  const rows = tally.shown.map(({ line, id = '', problem }) => [
    String(line),
    untrusted(id, 40),
    untrusted(problem, 200),
  ]);
  const headline = tally.stopped
    ? 'Stopped at a conflict: nothing of the last thousand lines is imported, what was before them is. Correct the file, or leave such lines out with --on-conflict skip, and run it again.'
    : dryRun
      ? 'Nothing was changed.'
      : 'Done. Running it again imports nothing twice.';
  return {
    json: {
      dry_run: dryRun,
      on_conflict: onConflict,
      lines: tally.lines,
      imported: tally.imported,
      already_there: tally.alreadyThere,
      skipped: tally.skipped,
      refused: tally.problems,
      stopped: tally.stopped,
      problems: tally.shown.map(({ line, id, problem }) => ({ line, id: id ?? null, problem })),
    },
    text: paragraphs(
      headline,
      fields([
        ['lines', String(tally.lines)],
        [dryRun ? 'would be imported' : 'imported', String(tally.imported)],
        ['already there', String(tally.alreadyThere)],
        ['skipped', String(tally.skipped)],
        ['refused', String(tally.problems)],
      ]),
      rows.length > 0 && table(['LINE', 'ID', 'PROBLEM'], rows),
      more > 0 &&
        `… and ${more} more${errors === undefined ? ': --errors writes them to a file' : ` in ${errors}`}.`,
    ),
    exitCode: tally.problems > 0 ? EXIT_CODES.refused : EXIT_CODES.ok,
  };
}
