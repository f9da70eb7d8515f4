import { chooseLanguage } from '../../views/language.ts';
import type { Account } from '../accounts/account.ts';
import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { hasMail } from './order-mail.ts';

/**
 * Starts a reset for somebody, who alone sees the link and chooses the password (ASVS 5.0 V6.4.6). Throws `no_mail`,
 * `email_missing`, `account_disabled` (409).
 */
export async function sendReset(
  { db, clock, config }: { db: Database; clock: Clock; config: Config },
  account: Account,
  actor: Actor,
): Promise<{ readonly recipient: string }> {
  const recipient = account.email;
  if (!hasMail(config)) throw refused('no_mail', 'There is no mail server. Set GUICHET_SMTP_URL.');
  if (recipient === null) throw refused('email_missing', 'The account has no e-mail address.');
  if (account.disabledAt !== null) throw refused('account_disabled', 'The account is disabled.');
  const now = clock.now();
  const mail = {
    kind: 'password-reset',
    recipient,
    accountId: account.id,
    language: chooseLanguage(account.profile.locale, undefined),
    detail: { wanted: 'by-operator' },
  } as const;
  await db.transaction(async (tx) => {
    await queueMail(tx, mail, now);
    await record(tx, {
      occurredAt: now,
      type: 'account.password-reset-requested',
      actor,
      accountId: account.id,
    });
  });
  return { recipient };
}

function refused(code: string, message: string): AppError {
  return new AppError(code, message, { status: 409 });
}
