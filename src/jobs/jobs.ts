import { makeCheckpoint } from '../audit/make-checkpoint.ts';
import { warnOfExpiry } from '../clients/warn-of-expiry.ts';
import { advanceKeys } from '../keys/advance-keys.ts';
import type { Job } from './job.ts';
import { prune, pruneDecisions, PRUNED, pruneEnded, pruneIdleSessions, pruneMessages } from './prune.ts';
import { syncDirectories } from './sync-directories.ts';
import { dropTokenPartitions, ensureTokenPartitions } from './token-partitions.ts';

/** Every job there is. */
export const JOBS: readonly Job[] = [
  // A key takes over this long after its time at the latest; looking is one query over a dozen rows.
  { name: 'advance-keys', everySeconds: 10, run: advanceKeys },
  // Partitions are made hours ahead, so a run may fail many times before it is missed.
  {
    name: 'token-partitions-ahead',
    everySeconds: 600,
    run: ({ db, clock }) => ensureTokenPartitions(db, clock),
  },
  { name: 'token-partitions-drop', everySeconds: 600, run: dropTokenPartitions },
  // Two rows by their keys; how often one is made is not decided here.
  {
    name: 'audit-checkpoint',
    everySeconds: 10,
    run: async (context) => void (await makeCheckpoint(context)),
  },
  // Reads the tombstones of a day, so not often.
  { name: 'prune-ended', everySeconds: 600, run: pruneEnded },
  // One search for each person; whoever was removed there cannot sign in any more in the meantime.
  { name: 'sync-directories', everySeconds: 3600, run: syncDirectories },
  // Two weeks before the end, give or take this.
  { name: 'warn-of-secret-expiry', everySeconds: 3600, run: warnOfExpiry },
  { name: 'prune-mail-messages', everySeconds: 3600, run: pruneMessages },
  { name: 'prune-decisions-overflow', everySeconds: 600, run: pruneDecisions },
  { name: 'prune-idle-sessions', everySeconds: 3600, run: pruneIdleSessions },
  ...(PRUNED.map((pruned) => ({
    name: `prune-${pruned.table}`,
    everySeconds: pruned.everySeconds,
    run: (context) => prune(context, pruned),
  })) satisfies Job[]),
];
