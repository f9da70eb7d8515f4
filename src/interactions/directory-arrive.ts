import { randomToken } from '../crypto/ids.ts';
import { findWaiting, insertRequest } from '../upstream/request-store.ts';
import { sealStrings, stateDigest, WAITING_TTL_SECONDS } from '../upstream/request.ts';
import type { DirectoryArrival } from './check-directory.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { welcome } from './upstream-arrive.ts';

const STATE_BYTES = 32;

/**
 * A directory has vouched for somebody by the password form of ours. From here on that is as if they had come back from a
 * provider: the same rules say whose account it is, and no name or address alone makes it anybody's.
 */
export async function arriveFromDirectory(
  context: InteractionsContext,
  visit: Visit,
  arrival: DirectoryArrival & { readonly remember: boolean },
): Promise<void> {
  const { db, clock, seal } = context;
  const now = clock.now();
  const origin = { purpose: 'sign-in', interactionUid: visit.interaction.uid } as const;
  const digest = stateDigest(randomToken(STATE_BYTES));
  // Asked and answered in one: nobody can answer or use it again.
  await insertRequest(
    db.knex,
    {
      stateDigest: digest,
      providerId: arrival.provider.id,
      origin,
      kept: sealStrings(seal, 'kept', digest, {}),
    },
    { now, expiresAt: new Date(now.getTime() + WAITING_TTL_SECONDS * 1000), usedAt: now },
  );
  return welcome(context, visit, { ...arrival, origin, digest });
}

/** The provider that this interaction's waiting identity is of. */
export async function findWaitingProvider(
  { db, clock }: Pick<InteractionsContext, 'db' | 'clock'>,
  { interaction }: Visit,
): Promise<string | undefined> {
  const origin = { purpose: 'sign-in', interactionUid: interaction.uid } as const;
  return (await findWaiting(db.knex, origin, clock.now()))?.providerId;
}
