import { hasOwner } from '../admin/owner-store.ts';
import { draftAccount, refuseTaken, saveDraftWithin } from '../accounts/create-account.ts';
import type { Account } from '../accounts/account.ts';
import { checkPassword } from '../accounts/rules.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/digest.ts';
import { randomToken } from '../crypto/ids.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { assignRoleWithin } from '../roles/assign-role.ts';
import { findRoleByName } from '../roles/store.ts';
import { consumeSetupLink, isSetupLink, replaceSetupLinks } from './setup-store.ts';

export const SETUP_PATH = '/setup';

/** Whoever installs a server comes back to it the same day. */
const TTL_SECONDS = 86_400;

/** What `randomToken(32)` makes. Anything else is not worth a look at the database. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

interface SetupContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Pick<Config, 'issuer'>;
}

/**
 * A link that makes an account with the role `owner`, once, within a day; older ones are dead. Print it, and nothing else: it is
 * never to be stored or logged. undefined: `onlyFirst`, and there is an owner.
 */
export async function mintSetupLink(
  { db, clock, config }: SetupContext,
  { onlyFirst }: { onlyFirst: boolean },
): Promise<{ url: string; expiresAt: Date } | undefined> {
  if (onlyFirst && (await hasOwner(db.knex))) return undefined;
  const token = randomToken(32);
  const createdAt = clock.now();
  const expiresAt = new Date(createdAt.getTime() + TTL_SECONDS * 1000);
  await db.transaction((tx) =>
    replaceSetupLinks(tx, { digest: digestOf(token), onlyFirst, createdAt, expiresAt }),
  );
  return { url: `${config.issuer}${SETUP_PATH}?token=${token}`, expiresAt };
}

export async function isUsable({ db, clock }: Omit<SetupContext, 'config'>, token: string): Promise<boolean> {
  return TOKEN.test(token) && isSetupLink(db.knex, digestOf(token), clock.now());
}

/**
 * Makes the owner. The link is used together with it or not at all. Throws `weak_password`, `invalid_email`, `invalid_profile` (400),
 * `email_taken` (409), `setup_link_dead` (410), `overloaded` (503).
 */
export async function setUp(
  context: Omit<SetupContext, 'config'> & { passwords: Passwords },
  form: { token: string; name: string; email: string; password: string },
): Promise<Account> {
  const { db, clock, passwords } = context;
  if (!(await isUsable(context, form.token))) throw dead();
  const profile = form.name === '' ? {} : { name: form.name };
  const account = draftAccount({ email: form.email, password: form.password, profile }, clock.now());
  await checkPassword(passwords, form.password, account);
  const passwordHash = await passwords.hash(form.password);
  const actor = `account:${account.id}`;
  const make = db.transaction(async (tx) => {
    if (!(await consumeSetupLink(tx, digestOf(form.token), clock.now()))) throw dead();
    await saveDraftWithin(tx, account, passwordHash, actor);
    const role = await findRoleByName(tx, { apiId: ADMIN_API_ID, name: 'owner' });
    if (!role) throw new Error('the admin API has no role owner');
    await assignRoleWithin(tx, context, { roleId: role.id, subject: { accountId: account.id }, actor });
    return account;
  });
  return make.catch(refuseTaken);
}

function digestOf(token: string): Buffer {
  return sha256(`setup link:${token}`);
}

function dead(): AppError {
  return new AppError('setup_link_dead', 'This link was used, has expired, or a newer one took its place.', {
    status: 410,
  });
}
