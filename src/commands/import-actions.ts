import path from 'node:path';

import { z } from 'zod';

import { untrusted } from '../inspection/untrusted.ts';
import type { Counts, Imported, MigrationChoices } from '../migration/migration.ts';
import { createNotes, type Notes, type Skipped } from '../migration/notes.ts';
import { readAuth0 } from '../migration/read-auth0.ts';
import { readKeycloak, type KeycloakExport } from '../migration/read-keycloak.ts';
import { runMigration } from '../migration/run.ts';
import { ACTOR } from './actor.ts';
import type { CommandContext } from './context.ts';
import { readAuth0Files } from './import-auth0-files.ts';
import { exportedFiles, readJsonFile } from './import-files.ts';
import { paragraphs, table, type Outcome } from './outcome.ts';
import { parseArgument, parseOptions, texts } from './parse.ts';
import { createProgress } from './progress.ts';
import type { Action } from './run.ts';
import { UsageError } from './usage-error.ts';

const assigned = texts.transform((list) => list.map(split));

const importOptions = z.object({
  dryRun: z.boolean().default(false),
  audience: assigned,
  realmAudience: z.string().optional(),
  redirectUri: assigned,
  withKeys: z.boolean().default(false),
});

type Options = z.output<typeof importOptions>;

export const keycloak: Action = async (context, { args, options: given }) => {
  const options = parseOptions(importOptions, given);
  const notes = createNotes();
  const read = await readKeycloakFiles(parseArgument(args, 0, 'export'));
  const now = context.clock.now();
  return migrate(
    context,
    { ...readKeycloak(read, { choices: choicesOf(options), notes, now }), notes },
    options,
  );
};

export const auth0: Action = async (context, { args, options: given }) => {
  const options = parseOptions(importOptions, given);
  const notes = createNotes();
  const files = await readAuth0Files(parseArgument(args, 0, 'export'));
  const now = context.clock.now();
  const read = await readAuth0(files, { choices: choicesOf(options), notes, now });
  return migrate(context, { ...read, notes }, options);
};

async function migrate(
  context: CommandContext,
  what: Parameters<typeof runMigration>[1] & { readonly notes: Notes },
  { dryRun }: Options,
): Promise<Outcome> {
  const progress = createProgress(process.stderr, { noun: 'people', bytesTotal: undefined });
  const counts = await runMigration(context, what, {
    rehearse: dryRun,
    actor: ACTOR,
    notes: what.notes,
    onBatch: (people) => progress.update({ items: people, bytes: 0 }),
  });
  progress.end();
  return outcomeOf({ counts, skipped: what.notes.list(), dryRun });
}

/** A realm is one file, or several: `kc.sh export --dir` writes the people into files of their own. */
async function readKeycloakFiles(given: string): Promise<KeycloakExport> {
  const { files, isFolder } = await exportedFiles(given);
  const [first = given, ...more] = isFolder ? files.filter((file) => file.endsWith('-realm.json')) : files;
  if (isFolder && (first === given || more.length > 0))
    throw new UsageError('The folder needs the files of one realm: NAME-realm.json, NAME-users-0.json …');
  const name = path.basename(first).replace(/-realm\.json$/, '');
  const beside = files.filter((file) => isFolder && isUsersFile(path.basename(file), name));
  const users: unknown[] = [];
  for (const file of beside) {
    const read = z.object({ users: z.array(z.unknown()) }).safeParse(await readJsonFile(file));
    if (!read.success) throw new UsageError(`${path.basename(file)} has no users.`);
    for (const user of read.data.users) users.push(user);
  }
  return { realm: await readJsonFile(first), users };
}

function isUsersFile(file: string, realm: string): boolean {
  return file.startsWith(`${realm}-users-`) && file.endsWith('.json');
}

/** `name=uri`; a name may have an equals sign, a URI begins behind the last one that a scheme follows. */
function split(text: string): readonly [name: string, uri: string] {
  const [, name, uri] = /^(.+?)=([A-Za-z][A-Za-z0-9+.-]*:.*)$/s.exec(text) ?? [];
  if (name === undefined || uri === undefined) throw new UsageError(`${text} must be NAME=URI.`);
  return [name, uri];
}

function choicesOf({ audience, realmAudience, redirectUri, withKeys }: Options): MigrationChoices {
  const own = realmAudience === undefined ? [] : [['', realmAudience] as const];
  const byClient = Map.groupBy(redirectUri, ([client]) => client);
  return {
    audiences: new Map([...audience, ...own]),
    redirectUris: new Map([...byClient].map(([client, pairs]) => [client, pairs.map(([, uri]) => uri)])),
    withKeys,
  };
}

const LABELS: Readonly<Record<Imported, string>> = {
  apis: 'APIs',
  roles: 'roles',
  clients: 'clients',
  keys: 'verification keys',
  people: 'people',
  authenticators: 'authenticator apps',
  role_assignments: 'roles of people',
};

function outcomeOf({
  counts,
  skipped,
  dryRun,
}: {
  counts: Counts;
  skipped: readonly Skipped[];
  dryRun: boolean;
}): Outcome {
  const entries = Object.entries(counts) as [Imported, Counts[Imported]][];
  const isChange = entries.some(([, { imported }]) => imported > 0);
  const headline = headlineOf({ dryRun, isChange });
  const rows = entries.map(([name, { imported, alreadyThere }]) => [
    LABELS[name],
    String(imported),
    String(alreadyThere),
  ]);
  return {
    json: {
      dry_run: dryRun,
      changed: isChange && !dryRun,
      imported: Object.fromEntries(
        entries.map(([name, { imported, alreadyThere }]) => [
          name,
          { imported, already_there: alreadyThere },
        ]),
      ),
      skipped,
    },
    text: paragraphs(
      headline,
      table(['', dryRun ? 'WOULD BE NEW' : 'NEW', 'THERE ALREADY'], rows),
      skipped.length > 0 && 'Not taken over:',
      skipped.map(inWords).join('\n'),
    ),
  };
}

function headlineOf({ dryRun, isChange }: { dryRun: boolean; isChange: boolean }): string {
  if (dryRun) return 'Nothing was changed: this is what would happen.';
  return isChange
    ? 'Done. Running it again imports nothing twice.'
    : 'Nothing was changed: everything is there already.';
}

function inWords({ what, why, todo, count, examples }: Skipped): string {
  const named = untrusted(examples.join(', '), 300);
  const more = count > examples.length ? ' …' : '';
  return [
    `  ${untrusted(what, 100)} (${count})${named === '' ? '' : `: ${named}${more}`}`,
    `      ${untrusted(why, 300)}`,
    `      ${todo}`,
  ].join('\n');
}
