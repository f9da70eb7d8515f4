import type { ConfigurationContext, Json, Kind } from './configuration.ts';
import { nameOf } from './configuration.ts';
import { differences, type Difference } from './difference.ts';
import { readSnapshot } from './snapshot.ts';
import { findLatestChange, type LatestChange } from './store.ts';

/** A thing that is not as the file said that manages it. */
export interface Drift {
  readonly kind: Kind;
  readonly key: string;
  readonly source: string;
  readonly state: 'changed' | 'deleted';
  /** From what was applied to what is. */
  readonly differences: readonly Difference[];
  readonly appliedAt: Date;
  readonly appliedBy: string;
  /** Who changed it last; undefined: the audit log does not say. */
  readonly latest: LatestChange | undefined;
}

/** What was changed past the files since they were applied; of all files, or of the one of this name. */
export async function findDrift(
  { db }: Pick<ConfigurationContext, 'db'>,
  { source }: { source?: string | undefined } = {},
): Promise<Drift[]> {
  const { managed, things } = await readSnapshot(db);
  const found: Drift[] = [];
  for (const each of managed) {
    if (source !== undefined && each.source !== source) continue;
    const now = things.get(nameOf(each));
    const document: Json | undefined = now?.document;
    const changed = document === undefined ? [] : differences(each.document, document);
    if (now && changed.length === 0) continue;
    const { kind, key, appliedAt, appliedBy } = each;
    found.push({
      kind,
      key,
      source: each.source,
      state: now ? 'changed' : 'deleted',
      differences: changed,
      appliedAt,
      appliedBy,
      latest: await findLatestChange(db.knex, { ...each, id: now?.id }),
    });
  }
  return found;
}
