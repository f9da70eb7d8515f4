import { chooseLanguage, type Language } from '../../views/language.ts';
import type { Queryable } from '../db/database.ts';
import type { NOTICES } from './mail.ts';
import { queueMail } from './queue-mail.ts';

/** What is known of the request that made the change. */
export interface NoticeFacts {
  /** Of the page that the person acted on; otherwise that of their profile. */
  readonly language?: Language | undefined;
  readonly detail?: Readonly<Record<string, string>> | undefined;
}

export interface Recipient {
  readonly id: string;
  readonly email: string | null;
  readonly profile: { readonly locale?: string };
}

/** Tells a person what was done to their account. Nothing is queued for somebody without an address. */
export async function queueNotice(
  tx: Queryable,
  kind: (typeof NOTICES)[number],
  { id, email, profile }: Recipient,
  { language = chooseLanguage(profile.locale, undefined), detail = {} }: NoticeFacts,
  now: Date,
): Promise<void> {
  if (email === null) return;
  await queueMail(tx, { kind, recipient: email, accountId: id, language, detail }, now);
}
