import { randomBytes } from 'node:crypto';

import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import { newId } from '../crypto/ids.ts';
import type { Seal } from '../crypto/seal.ts';
import { totpContext } from './totp-store.ts';

export interface ImportedTotp {
  readonly accountId: string;
  /** Of SHA-1, six digits and 30 seconds. */
  readonly secret: Buffer;
  readonly name: string;
}

/** As long as those of factor-store.ts (WebAuthn §14.6.1). */
const USER_HANDLE_BYTES = 64;

/**
 * Authenticator apps of people who were imported in the same transaction: they go on with the app they have. One event for all. Answers how many.
 */
export async function importTotpsWithin(
  tx: Knex.Transaction,
  { seal }: { seal: Seal },
  { totps, now, actor }: { totps: readonly ImportedTotp[]; now: Date; actor: Actor },
): Promise<number> {
  if (totps.length === 0) return 0;
  const holders = totps.map(({ accountId }) => ({
    account_id: accountId,
    user_handle: randomBytes(USER_HANDLE_BYTES),
    created_at: now,
  }));
  await tx('factor_holders').insert(holders).onConflict('account_id').ignore();
  const rows = totps.map(({ accountId, secret, name }) => {
    const id = newId('otp');
    return {
      id,
      account_id: accountId,
      secret: seal.seal(secret, totpContext(id)),
      name,
      created_at: now,
      confirmed_at: now,
    };
  });
  await tx('totps').insert(rows);
  await record(tx, { occurredAt: now, type: 'totps.imported', actor, detail: { added: rows.length } });
  return rows.length;
}
