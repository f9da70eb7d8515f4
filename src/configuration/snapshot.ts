import type { Database } from '../db/database.ts';
import { readState, type State } from './state.ts';

/** Everything as it is at one moment; changes nothing and waits for nobody. */
export function readSnapshot(db: Database): Promise<State> {
  return db.transaction(async (tx) => {
    await tx.raw('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return readState(tx);
  });
}
