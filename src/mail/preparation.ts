import type { MailLocals, MailTemplate } from '../../views/locals/mail.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { LINK_MAILS, NewMail } from './mail.ts';

/** A mail whose turn it is. */
export interface DueMail extends NewMail {
  /** `mail_…`; also the Message-ID, by which a duplicate can be told. */
  readonly id: string;
  readonly createdAt: Date;
  /** How often it was tried before. */
  readonly attempts: number;
}

export interface PreparationContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Config;
}

/** A template with what it needs; the compiler knows which needs what. */
export type PreparedMail = {
  [Name in MailTemplate]: { readonly template: Name; readonly locals: MailLocals[Name] };
}[MailTemplate];

/**
 * Works out what a mail says at the moment it is sent: looks things up, makes the link's token, of which only the digest is
 * stored. It runs outside any transaction and may open its own. Undefined: nothing is to be sent any more.
 * After an attempt that failed it runs again, with the same `mail.id`; links of earlier attempts may have arrived, and stay good.
 */
export type Preparation = (mail: DueMail, context: PreparationContext) => Promise<PreparedMail | undefined>;

/** Who prepares the mails with links. Notices are prepared from their `detail` by this room itself. */
export type Preparations = Partial<Readonly<Record<(typeof LINK_MAILS)[number], Preparation>>>;
