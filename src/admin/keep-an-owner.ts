import { AppError } from '../errors.ts';
import type { AdminContext } from './context.ts';
import { hasOwner, lockOwners } from './owner-store.ts';

/**
 * For what may take the last owner away: nobody could give the role again, short of the command line. Throws `last_owner` (409), and
 * with that the transaction ends.
 */
export async function keepAnOwner<T>({ db }: Pick<AdminContext, 'db'>, work: () => Promise<T>): Promise<T> {
  await lockOwners(db.knex);
  const hadOne = await hasOwner(db.knex);
  const done = await work();
  if (!hadOne || (await hasOwner(db.knex))) return done;
  throw new AppError(
    'last_owner',
    'They are the last owner: make somebody else one before, or do it on the command line.',
    { status: 409 },
  );
}
