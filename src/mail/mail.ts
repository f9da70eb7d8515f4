/**
 * Mail: what is sent to whom, and that it is sent. A verb queues a mail in its own transaction; the delivery, which runs on
 * every process, renders and sends it afterwards, with retries. This room does not own why a mail is sent (the verbs do), nor
 * its words (`views/mail`).
 */
import type { Language } from '../../views/language.ts';

/** Those that carry a link are worked out when they are sent; see `Preparation` in preparation.ts. */
export const LINK_MAILS = ['registration', 'password-reset', 'email-change', 'invitation'] as const;

/** Told after the fact, so that the person can object (ASVS 5.0 V6.3.5, V6.3.7). */
export const NOTICES = [
  'new-device',
  'password-changed',
  'email-changed',
  'authenticator-added',
  'authenticator-removed',
  'recovery-code-used',
  'recovery-codes-made',
  'second-factor-locked',
  'identity-linked',
  'identity-unlinked',
  'account-deleted',
] as const;

export type MailKind = (typeof LINK_MAILS)[number] | (typeof NOTICES)[number];

export interface NewMail {
  readonly kind: MailKind;
  /** An e-mail address, folded (accounts/rules.ts). */
  readonly recipient: string;
  readonly accountId: string | null;
  readonly language: Language;
  /** Facts for the template: no secret, no token. Keys and meaning per kind are in views/locals/mail.ts. */
  readonly detail: Readonly<Record<string, string>>;
}

/** NOTIFY channel: something is due. */
export const MAIL_CHANNEL = 'guichet_mail';
