import { setTimeout as sleep } from 'node:timers/promises';

import type { MailLocals } from '../../views/locals/mail.ts';
import { createMailViews, type MailViews, type RenderedMail } from '../../views/mail/render.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import type { Logger } from '../log.ts';
import { LINK_MAILS, MAIL_CHANNEL, NOTICES } from './mail.ts';
import { openMessage, sealMessage } from './message.ts';
import type { DueMail, Preparations, PreparedMail } from './preparation.ts';
import { claimMails, saveMessage, saveSent, saveUnsent } from './store.ts';
import { failureOf, MAIL_CONNECTIONS_MAX, openMailTransport, type MailTransport } from './transport.ts';

/**
 * For this long an attempt belongs to the process that claimed it: more than a server can take that answers each command just
 * before it would be given up (transport.ts).
 */
const CLAIM_MS = 180_000;
/** Some wait for a connection of the pool meanwhile. */
const BATCH = 2 * MAIL_CONNECTIONS_MAX;
/** Waits between attempts double up to five minutes, after which greylisting lets a mail in, too. */
const FIRST_WAIT_MS = 5000;
const WAIT_MS_MAX = 300_000;
/** Whoever waited for it has asked again. */
const GIVE_UP_AFTER_MS = 24 * 3600 * 1000;
/** For what becomes due again, and for a lost notification. */
const POLL_MS = 2000;

export interface MailDeliveryContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly db: Database;
  readonly bus: Bus;
  readonly seal: Seal;
  readonly log: Logger;
}

interface Delivery extends MailDeliveryContext {
  readonly views: MailViews;
  readonly preparations: Preparations;
  /** None: mails are kept to be read (development), or cannot be sent (production). */
  readonly transport: MailTransport | undefined;
}

/**
 * Runs on every process; a mail is claimed by one of them, and sent outside any transaction. At least once: a process that dies
 * after the server took a mail over, and before it could write that down, leads to the same mail with the same Message-ID again.
 */
export function startMailDelivery(
  context: MailDeliveryContext,
  preparations: Preparations,
): { stop(): Promise<void> } {
  const { config, log, bus } = context;
  const { smtpUrl } = config.mail;
  const transport = smtpUrl === undefined ? undefined : openMailTransport(config, smtpUrl);
  const views = createMailViews({ issuer: config.issuer, brand: config.brand });
  const delivery: Delivery = { ...context, views, preparations, transport };
  if (!transport && config.mode === 'production') log.warn('there is no mail server: no mail can be sent');

  const stopping = new AbortController();
  let again = false;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    do {
      again = false;
      try {
        again = (await deliverDue(delivery)) === BATCH || again;
      } catch (error) {
        log.warn({ err: error }, 'mail is waiting for the database');
      }
    } while (again && !stopping.signal.aborted);
    running = undefined;
  };
  const wake = (): void => {
    if (stopping.signal.aborted) return;
    if (running) again = true;
    else running = run();
  };

  const unsubscribe = bus.subscribe(MAIL_CHANNEL, wake, wake);
  const timer = setInterval(wake, POLL_MS);
  timer.unref();
  wake();
  return {
    async stop() {
      stopping.abort();
      clearInterval(timer);
      unsubscribe();
      // A mail server that hangs does not hold this process: whose claim ends is sent by another.
      await Promise.race([running, sleep(config.shutdownSeconds * 1000, undefined, { ref: false })]);
      transport?.close();
    },
  };
}

async function deliverDue(delivery: Delivery): Promise<number> {
  const now = delivery.clock.now();
  const until = new Date(now.getTime() + CLAIM_MS);
  const due = await claimMails(delivery.db.pool, { now, until, limit: BATCH });
  await Promise.all(due.map((mail) => deliver(delivery, mail)));
  return due.length;
}

async function deliver(
  delivery: Delivery,
  mail: DueMail & { readonly message: Buffer | null },
): Promise<void> {
  const { db, clock, config, log, transport } = delivery;
  if (!transport && config.mode === 'production') {
    const error = 'there is no mail server';
    return saveUnsent(db.pool, mail.id, { error, nextAttemptAt: null });
  }
  try {
    const message = await messageOf(delivery, mail);
    if (message === undefined)
      return await saveUnsent(db.pool, mail.id, { error: 'nothing to say any more', nextAttemptAt: null });
    const { id, recipient, language } = mail;
    await transport?.send({ id, recipient, language, now: clock.now() }, message);
    return await saveSent(db.pool, mail.id, { now: clock.now(), keepMessage: !transport });
  } catch (error) {
    const { reason, isFinal } = failureOf(error);
    const nextAttemptAt = isFinal ? null : nextAttempt(mail, clock.now());
    // The reason stands in the row: what a mail server answers often quotes the recipient.
    const about = { mail: mail.id, kind: mail.kind, attempt: mail.attempts + 1 };
    if (nextAttemptAt === null) log.warn(about, 'a mail was given up');
    else log.info(about, 'a mail was not sent and will be tried again');
    return saveUnsent(db.pool, mail.id, { error: reason, nextAttemptAt });
  }
}

/** A message that is there already was about to be sent when a process died: perhaps it was, and must not say anything else now. */
async function messageOf(
  delivery: Delivery,
  mail: DueMail & { readonly message: Buffer | null },
): Promise<RenderedMail | undefined> {
  const { seal, db, views } = delivery;
  if (mail.message) return openMessage(seal, mail.id, mail.message);
  const prepared = await prepare(delivery, mail);
  if (!prepared) return undefined;
  const message = render(views, prepared, mail.language);
  await saveMessage(db.pool, mail.id, sealMessage(seal, mail.id, message));
  return message;
}

function prepare(delivery: Delivery, mail: DueMail): Promise<PreparedMail | undefined> {
  const { db, clock, config, preparations } = delivery;
  const link = LINK_MAILS.find((kind) => kind === mail.kind);
  const notice = NOTICES.find((kind) => kind === mail.kind);
  if (notice) return Promise.resolve(prepareNotice(notice, mail));
  const preparation = link && preparations[link];
  // A kind of the next release, or of one whose part is not in this process: another one will know it.
  if (!preparation) throw new TypeError(`nobody here prepares a mail of the kind ${mail.kind}`);
  return preparation(mail, { db, clock, config });
}

/** Notices say what their verb wrote down; `locals/mail.ts` names the keys, and what is not among them is not shown. */
function prepareNotice(template: (typeof NOTICES)[number], mail: DueMail): PreparedMail {
  const { authenticator, ...detail } = mail.detail;
  const locals = {
    ...detail,
    authenticator: authenticator === 'passkey' || authenticator === 'totp' ? authenticator : undefined,
    at: mail.createdAt,
  } satisfies MailLocals['authenticator-added'];
  return { template, locals };
}

function render(views: MailViews, prepared: PreparedMail, language: DueMail['language']): RenderedMail {
  return views.render(prepared.template, prepared.locals, language);
}

function nextAttempt(mail: DueMail, now: Date): Date | null {
  if (now.getTime() - mail.createdAt.getTime() > GIVE_UP_AFTER_MS) return null;
  return new Date(now.getTime() + Math.min(FIRST_WAIT_MS * 2 ** mail.attempts, WAIT_MS_MAX));
}
