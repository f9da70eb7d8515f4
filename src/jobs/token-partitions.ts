import type { Clock } from '../clock.ts';
import type { Database, Queryable } from '../db/database.ts';
import type { JobContext } from './job.ts';
import {
  createTokenPartition,
  detachTokenPartition,
  dropTokenPartition,
  listTokenPartitions,
  lockTokenPartitions,
} from './store.ts';

/** A token lives for a day at most (ACCESS_TOKEN_TTL_SECONDS_MAX); two hours more are time to notice a failing job. */
const HOURS_AHEAD = 26;
/** A process whose clock is behind may still write tokens of the hour that has just ended. */
const HOURS_BEHIND = 1;
/** And answer questions about them. */
const KEEP_HOURS = 1;

const HOUR_MS = 3_600_000;
const NAME_PREFIX = 'tokens_p';

/**
 * The ledger has a partition for every token that may be issued in the next two hours. Call it before serving; one look at
 * the catalogue when nothing is missing, safe in several processes at once.
 */
export async function ensureTokenPartitions(db: Database, clock: Clock): Promise<void> {
  const wanted = hoursAround(clock.now());
  const present = await attachedNames(db.knex);
  if (wanted.every((hour) => present.has(partitionName(hour)))) return;
  await db.transaction(async (tx) => {
    await lockTokenPartitions(tx);
    const attached = await attachedNames(tx);
    for (const from of wanted) {
      const name = partitionName(from);
      if (attached.has(name)) continue;
      await createTokenPartition(tx, { name, from, to: new Date(from.getTime() + HOUR_MS) });
    }
  });
}

/** Drops the partitions whose last token died more than an hour ago. */
export async function dropTokenPartitions({ db, clock, log, signal }: JobContext): Promise<void> {
  // An hour that began so long ago ended KEEP_HOURS ago.
  const last = partitionName(new Date(clock.now().getTime() - (1 + KEEP_HOURS) * HOUR_MS));
  for (const partition of await listTokenPartitions(db.knex)) {
    if (partition.name > last || signal.aborted) break;
    if (partition.attached) await detachTokenPartition(db.knex, partition);
    await dropTokenPartition(db.knex, partition.name);
    log.debug({ partition: partition.name }, 'dropped a partition of dead tokens');
  }
}

/** `tokens_p2026112320` holds the tokens that expire from 20:00 to 21:00 UTC. Names sort as their hours do. */
export function partitionName(hour: Date): string {
  return NAME_PREFIX + hour.toISOString().replaceAll(/\D/g, '').slice(0, 'YYYYMMDDHH'.length);
}

function hoursAround(now: Date): Date[] {
  const first = Math.floor(now.getTime() / HOUR_MS) - HOURS_BEHIND;
  return Array.from(
    { length: HOURS_BEHIND + HOURS_AHEAD + 1 },
    (_, hour) => new Date((first + hour) * HOUR_MS),
  );
}

async function attachedNames(db: Queryable): Promise<Set<string>> {
  const partitions = await listTokenPartitions(db);
  return new Set(partitions.filter((each) => each.attached && !each.detaching).map((each) => each.name));
}
