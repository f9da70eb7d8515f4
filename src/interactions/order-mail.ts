import type { Context } from 'koa';

import { chooseLanguage } from '../../views/language.ts';
import type { Account } from '../accounts/account.ts';
import type { WayBack } from '../accounts/link.ts';
import { record } from '../audit/record.ts';
import type { Config } from '../config/config.ts';
import { stateOf } from '../http/middleware.ts';
import { keysOf, mailBuckets } from '../http/throttle-buckets.ts';
import type { LINK_MAILS } from '../mail/mail.ts';
import { queueMail } from '../mail/queue-mail.ts';
import type { InteractionsContext } from './context.ts';

export interface MailOrder {
  readonly kind: Exclude<(typeof LINK_MAILS)[number], 'invitation'>;
  /** Folded. Without one the row is written all the same, and nothing is sent. */
  readonly recipient: string | null;
  /** What was typed: what is counted, so that names of nobody cost as much as those of somebody. */
  readonly asked: string;
  readonly account: Account | undefined;
  /** Whoever is signed in and asks for themselves. */
  readonly actor?: string;
  readonly clientId?: string;
  readonly uiLocales?: string | undefined;
  readonly wayBack?: WayBack;
  readonly detail?: Readonly<Record<string, string>>;
}

/** In production without a mail server nothing is sent, so nothing that needs a mail is offered. */
export function hasMail({ mode, mail }: Config): boolean {
  return mode === 'development' || mail.smtpUrl !== undefined;
}

type OrderContext = Pick<InteractionsContext, 'db' | 'clock' | 'throttle'>;

/**
 * Asks for a mail with a link. It takes the same statements whether there is such a person or not: what the mail says, and
 * whether there is one, is worked out when it is sent (link-mails.ts). Too many mails are silently none, which nobody is told.
 */
export async function orderMail(context: OrderContext, ctx: Context, order: MailOrder): Promise<void> {
  const { db, clock, throttle } = context;
  const { address, requestId } = stateOf(ctx);
  const { kind, account, wayBack, asked } = order;
  const buckets = mailBuckets({ kind, asked, accountId: account?.id, address });
  if (throttle.blockedFor(keysOf(buckets)) > 0) return;
  const isTooMany = (await throttle.fail(buckets)) > 0;

  const now = clock.now();
  await db.transaction(async (tx) => {
    await record(tx, {
      occurredAt: now,
      type: isTooMany ? 'mail.held-back' : `account.${kind}-requested`,
      actor: order.actor ?? 'anonymous',
      accountId: account?.id,
      clientId: order.clientId,
      requestId,
      address,
      ...(isTooMany ? { detail: { kind } } : {}),
    });
    if (isTooMany) return;
    const mail = {
      kind,
      recipient: order.recipient ?? '',
      accountId: account?.id ?? null,
      language: chooseLanguage(order.uiLocales, ctx.get('Accept-Language')),
      detail: { ...order.detail, ...wayBack, address },
    };
    await queueMail(tx, mail, now);
  });
}
