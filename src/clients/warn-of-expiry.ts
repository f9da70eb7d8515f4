import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { takeExpiring } from './secret-store.ts';

/** Time for a change to be planned and rolled out. */
export const EXPIRY_WARNING_SECONDS = 14 * 86_400;

/** Whatever ends before this is worth a warning now. */
export function warnedBefore(now: Date): Date {
  return new Date(now.getTime() + EXPIRY_WARNING_SECONDS * 1000);
}

/** Records `client.secret-expiring` once for each secret whose end will leave its client without one. */
export async function warnOfExpiry({ db, clock }: { db: Database; clock: Clock }): Promise<void> {
  await db.transaction(async (tx) => {
    const now = clock.now();
    for (const { id, clientId, hint, expiresAt } of await takeExpiring(tx, {
      before: warnedBefore(now),
      now,
    })) {
      const detail = { secretId: id, hint, expiresAt };
      await record(tx, {
        occurredAt: now,
        type: 'client.secret-expiring',
        actor: 'system',
        clientId,
        detail,
      });
    }
  });
}
