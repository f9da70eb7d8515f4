import type { Clock } from '../clock.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import type { Account } from './account.ts';
import { draftAccount, refuseTaken, saveDraftWithin } from './create-account.ts';
import type { AccountLink, LinkPurpose, WayBack } from './link.ts';
import { consumeLink, findLink, lockAddress } from './link-store.ts';
import { checkPassword } from './rules.ts';

export interface RegistrationForm {
  readonly token: string;
  /** Those that may register now: `registration`, `invitation`, both or none. */
  readonly purposes: readonly LinkPurpose[];
  /** What apps may call the person. */
  readonly name: string | undefined;
  readonly password: string;
}

export type Registration =
  | { readonly ok: true; readonly account: Account; readonly wayBack: WayBack | null }
  /** Used, expired, replaced, never made; or somebody has the address by now. */
  | { readonly ok: false; readonly reason: 'dead-link' | 'taken' };

/**
 * Makes the account that a link is for. The link is used together with it or not at all. Throws `weak_password`,
 * `invalid_profile` (400), `overloaded` (503).
 */
export async function register(
  { db, clock, passwords }: { db: Database; clock: Clock; passwords: Passwords },
  form: RegistrationForm,
): Promise<Registration> {
  const link = await findLink(db.knex, form.token, form.purposes, clock.now());
  if (!link) return { ok: false, reason: 'dead-link' };
  const account = draftAccount(inputOf(link, form), clock.now());
  await checkPassword(passwords, form.password, account);
  const passwordHash = await passwords.hash(form.password);

  const makeAccount = db.transaction(async (tx): Promise<Registration> => {
    await lockAddress(tx, link.email);
    const used = await consumeLink(tx, form.token, form.purposes, clock.now());
    if (!used) return { ok: false, reason: 'dead-link' };
    await saveDraftWithin(tx, account, passwordHash, `account:${account.id}`);
    return { ok: true, account, wayBack: used.wayBack };
  });
  return makeAccount.catch(refuseTaken).catch(tellTaken);
}

function inputOf({ email, provesEmail }: AccountLink, { name, password }: RegistrationForm) {
  return { email, emailVerified: provesEmail, password, profile: name === undefined ? {} : { name } };
}

function tellTaken(error: unknown): Registration {
  if (error instanceof AppError && error.code === 'email_taken') return { ok: false, reason: 'taken' };
  throw error;
}
