import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { newId } from '../crypto/ids.ts';
import { MAIL_CHANNEL, type NewMail } from './mail.ts';

/** Within the transaction of whatever the mail is about: both happen or neither. */
export async function queueMail(tx: Queryable, mail: NewMail, now: Date): Promise<void> {
  await tx('mails').insert({
    id: newId('mail'),
    kind: mail.kind,
    recipient: mail.recipient,
    account_id: mail.accountId,
    language: mail.language,
    detail: JSON.stringify(mail.detail),
    created_at: now,
    next_attempt_at: now,
  });
  await notify(tx, MAIL_CHANNEL, '');
}
