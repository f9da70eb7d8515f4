import { setTimeout as sleep } from 'node:timers/promises';

import { openMessage } from '../../src/mail/message.ts';
import type { Services } from '../../src/services.ts';

/** A mail that a server without a mail server has delivered, which is to keep it to be read. */
export interface ReceivedMail {
  readonly kind: string;
  /** undefined: nothing was sent. */
  readonly subject: string | undefined;
  readonly text: string;
  /** Where its link leads, without the origin. */
  readonly path: string | undefined;
}

const WAIT_MS = 10;
const WAITS_MAX = 1000;

/** Takes the mails to an address out of the outbox, oldest first, once those under way have been dealt with. */
export async function receive(
  { db, seal, config }: Pick<Services, 'db' | 'seal' | 'config'>,
  recipient: string,
): Promise<ReceivedMail[]> {
  for (let wait = 0; ; wait += 1) {
    const under = await db.knex('mails').where({ recipient }).whereNotNull('next_attempt_at').first('id');
    if (!under) break;
    if (wait === WAITS_MAX) throw new Error('a mail is not delivered');
    await sleep(WAIT_MS);
  }
  const rows: { id: string; kind: string; created_at: Date; message: Buffer | null }[] = await db
    .knex('mails')
    .where({ recipient })
    .delete(['id', 'kind', 'created_at', 'message']);
  return rows
    .toSorted((a, b) => a.created_at.getTime() - b.created_at.getTime())
    .map(({ id, kind, message }) => {
      const read = message === null ? undefined : openMessage(seal, id, message);
      const link = read?.link;
      if (link !== undefined && !link.startsWith(`${config.issuer}/`)) throw new Error(`a link to ${link}`);
      return {
        kind,
        subject: read?.subject,
        text: read?.text ?? '',
        path: link?.slice(config.issuer.length),
      };
    });
}

/** Where the link of the only mail leads. */
export async function receiveLink(
  services: Pick<Services, 'db' | 'seal' | 'config'>,
  recipient: string,
): Promise<string> {
  const mails = await receive(services, recipient);
  const [path] = mails.map((mail) => mail.path);
  if (mails.length !== 1 || path === undefined) throw new Error(`no single link: ${JSON.stringify(mails)}`);
  return path;
}
