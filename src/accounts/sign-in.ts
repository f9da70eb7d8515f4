import { setTimeout as sleep } from 'node:timers/promises';

import type { Clock } from '../clock.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Database } from '../db/database.ts';
import type { Account } from './account.ts';
import { findCredential, replaceHash } from './store.ts';

export type SignIn =
  | { readonly ok: true; readonly account: Account }
  /** For the audit log and the throttle. The page says the same for all three. */
  | { readonly ok: false; readonly reason: 'unknown' | 'disabled' | 'wrong-password' };

/**
 * Whether this is the person's password. Every refusal takes the same time, so that it tells nobody which names exist.
 * The door records the event, since only it knows the address. Throws `overloaded` (503).
 */
export async function signIn(
  { db, passwords }: { db: Database; passwords: Passwords; clock: Clock },
  identifier: string,
  password: string,
): Promise<SignIn> {
  const credential = await findCredential(db.knex, identifier);
  if (!credential || credential.passwordHash === null) {
    const { refusalWaitMs } = await passwords.verifyDummy(password);
    await sleep(refusalWaitMs);
    return { ok: false, reason: credential ? 'wrong-password' : 'unknown' };
  }
  const { account, passwordHash } = credential;
  const { ok, rehash, refusalWaitMs } = await passwords.verify(passwordHash, password);
  if (!ok || account.disabledAt !== null) {
    await sleep(refusalWaitMs);
    return { ok: false, reason: ok ? 'disabled' : 'wrong-password' };
  }
  if (rehash !== undefined) await replaceHash(db.knex, account.id, passwordHash, rehash);
  return { ok: true, account };
}
