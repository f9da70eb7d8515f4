import { linkMails } from '../../src/interactions/link-mails.ts';
import { LINK_MAILS } from '../../src/mail/mail.ts';
import type { DueMail, PreparedMail } from '../../src/mail/preparation.ts';
import type { Services } from '../../src/services.ts';

/** A mail that was queued, prepared as the delivery would prepare it. */
export interface ReceivedMail {
  readonly kind: string;
  readonly recipient: string;
  readonly language: string;
  readonly detail: Readonly<Record<string, string>>;
  /** Of mails that are worked out when they are sent; undefined: nothing was sent. */
  readonly prepared: PreparedMail | undefined;
  /** Where its link leads. */
  readonly path: string | undefined;
}

type Part = Pick<Services, 'db' | 'clock' | 'config'>;

/** Sends what is queued for an address, and answers it, oldest first. */
export async function receive(services: Part, recipient: string): Promise<ReceivedMail[]> {
  const rows = await services.db
    .knex('mails')
    .where({ recipient })
    .whereNull('sent_at')
    .orderBy('created_at')
    .update({ sent_at: services.clock.now(), next_attempt_at: null }, [
      'id',
      'kind',
      'recipient',
      'account_id',
      'language',
      'detail',
      'created_at',
    ]);
  const mails: ReceivedMail[] = [];
  for (const row of rows) {
    const { kind, language, detail } = row;
    const mail: DueMail = {
      id: row.id,
      kind,
      recipient,
      accountId: row.account_id,
      language,
      detail,
      createdAt: row.created_at,
      attempts: 0,
    };
    const prepare = LINK_MAILS.find((known) => known === kind);
    const prepared = prepare && (await linkMails[prepare](mail, services));
    const locals = prepared?.locals;
    const path = locals && 'path' in locals ? locals.path : undefined;
    mails.push({ kind, recipient, language, detail, prepared, path });
  }
  return mails;
}

/** Where the link of the only mail leads. */
export async function receiveLink(services: Part, recipient: string): Promise<string> {
  const mails = await receive(services, recipient);
  const [path] = mails.map((mail) => mail.path);
  if (mails.length !== 1 || path === undefined) throw new Error(`no single link: ${JSON.stringify(mails)}`);
  return path;
}
