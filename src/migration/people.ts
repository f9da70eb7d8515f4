import type { Knex } from 'knex';

import { openAccountImport, type BatchOutcome, type ImportContext } from '../accounts/import-accounts.ts';
import { savePasswordChangeRequired } from '../accounts/store.ts';
import type { Actor } from '../audit/event.ts';
import { importTotpsWithin } from '../authenticators/import-totps.ts';
import type { Seal } from '../crypto/seal.ts';
import { importAssignmentsWithin } from '../roles/import-assignments.ts';
import { findRoleId } from './make.ts';
import type { Counts, ForeignPerson, RoleName } from './migration.ts';
import type { Notes } from './notes.ts';

/** As many as `users import` takes at once. */
const BATCH_PEOPLE = 1000;

export interface PeopleOptions {
  readonly actor: Actor;
  readonly notes: Notes;
  readonly counts: Counts;
  readonly onBatch: (people: number) => void;
}

/** Everybody who is not there yet, with what is theirs; each batch is one transaction. */
export async function importPeople(
  ctx: ImportContext & { readonly seal: Seal },
  people: Iterable<ForeignPerson> | AsyncIterable<ForeignPerson>,
  { actor, notes, counts, onBatch }: PeopleOptions,
): Promise<void> {
  const roleIdOf = createRoleIds();
  let batch: ForeignPerson[] = [];
  let line = 0;
  await using accounts = await openAccountImport(ctx, {
    rehearse: false,
    onConflict: 'skip',
    actor,
    also: addWhatIsTheirs,
  });

  async function addWhatIsTheirs(tx: Knex.Transaction, ids: ReadonlySet<string>, now: Date): Promise<void> {
    const added = batch.filter(({ record }) => ids.has(record.id));
    const assignments: { accountId: string; roleId: string }[] = [];
    for (const { record, roles, mustChangePassword } of added) {
      for (const role of roles) {
        const roleId = await roleIdOf(tx, role);
        if (roleId !== undefined) assignments.push({ accountId: record.id, roleId });
      }
      if (mustChangePassword) await savePasswordChangeRequired(tx, record.id, now);
    }
    const totps = added.flatMap(({ record, totp }) => (totp ? [{ accountId: record.id, ...totp }] : []));
    counts.role_assignments.imported += await importAssignmentsWithin(tx, assignments, { now, actor });
    counts.authenticators.imported += await importTotpsWithin(tx, ctx, { totps, now, actor });
  }

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    const first = line - batch.length + 1;
    const records = batch.map(({ record }, index) => ({ ...record, line: first + index }));
    count(await accounts.run(records));
    onBatch(line);
    batch = [];
  }

  function count({ imported, alreadyThere, conflicts }: BatchOutcome): void {
    counts.people.imported += imported;
    counts.people.alreadyThere += alreadyThere;
    for (const { id, problem } of conflicts) {
      const why = problem.startsWith('Line ')
        ? 'Somebody before has the same id, username or e-mail address.'
        : problem;
      notes.add(
        { what: 'a person', why, todo: 'Find out which account is theirs, and correct the export.' },
        id,
      );
    }
  }

  for await (const person of people) {
    batch.push(person);
    line += 1;
    if (batch.length === BATCH_PEOPLE) await flush();
  }
  await flush();
}

/** Each role is looked up once. */
function createRoleIds(): (tx: Knex.Transaction, role: RoleName) => Promise<string | undefined> {
  const found = new Map<string, Promise<string | undefined>>();
  return (tx, role) => {
    const key = JSON.stringify([role.api, role.role]);
    const id = found.get(key) ?? findRoleId(tx, role);
    found.set(key, id);
    return id;
  };
}
