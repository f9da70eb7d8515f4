import { chooseLanguage } from '../../views/language.ts';
import { LINK_TTL_SECONDS } from '../accounts/link.ts';
import { mintLinkWithin } from '../accounts/mint-link.ts';
import { checkEmail, mergeProfile } from '../accounts/rules.ts';
import { findAccountByIdentifier } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { hasMail } from './order-mail.ts';

export interface Invitation {
  readonly email: string;
  /** To be shown once: whoever has it can make the account. */
  readonly url: string;
  readonly expiresAt: Date;
  /** A mail with a link of its own is on its way; false where there is no mail server. */
  readonly isMailed: boolean;
}

/**
 * Lets somebody make themselves an account, whatever the domain of their address. An older invitation to the address ends.
 * Throws `invalid_email`, `invalid_profile` (400), `registration_off`, `email_taken` (409).
 */
export async function invite(
  { db, clock, config }: { db: Database; clock: Clock; config: Config },
  input: { email: string; name?: string | undefined; actor: Actor },
): Promise<Invitation> {
  const email = checkEmail(input.email);
  const { name } = mergeProfile({}, { name: input.name });
  if (config.registration.mode === 'off') {
    throw new AppError(
      'registration_off',
      'Nobody can join by themselves here. Set GUICHET_REGISTRATION to invite or open.',
      { status: 409 },
    );
  }
  if (await findAccountByIdentifier(db.knex, email)) {
    throw new AppError('email_taken', 'Another account has this e-mail address.', { status: 409 });
  }
  const now = clock.now();
  const isMailed = hasMail(config);
  const invitation = newId('inv');
  const order = { purpose: 'invitation', email, name: name ?? null, occasion: invitation } as const;
  const path = await db.transaction(async (tx) => {
    const made = await mintLinkWithin(tx, { ...order, provesEmail: false, requestedAt: now }, now);
    if (isMailed) {
      const detail = { invitation, ...(name === undefined ? {} : { name }) };
      const language = chooseLanguage(undefined, undefined);
      await queueMail(tx, { kind: 'invitation', recipient: email, accountId: null, language, detail }, now);
    }
    await record(tx, {
      occurredAt: now,
      type: 'account.invited',
      actor: input.actor,
      detail: { invitation },
    });
    return made;
  });
  if (path === undefined) throw new TypeError('a link without an account is always wanted');
  const expiresAt = new Date(now.getTime() + LINK_TTL_SECONDS.invitation * 1000);
  return { email, url: config.issuer + path, expiresAt, isMailed };
}
