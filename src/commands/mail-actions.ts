import { z } from 'zod';

import type { RenderedMail } from '../../views/mail/render.ts';
import { newId } from '../crypto/ids.ts';
import { AppError } from '../errors.ts';
import { openMessage } from '../mail/message.ts';
import { findMail, listMails, type StoredMail } from '../mail/store.ts';
import { failureOf, openMailTransport } from '../mail/transport.ts';
import type { CommandContext } from './context.ts';
import { fields, moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';

const listOptions = z.object({ limit: pageOptions.shape.limit, to: z.string().optional() });

export const list: Action = async ({ db }, { options }) => {
  const { limit, to } = parseOptions(listOptions, options);
  const mails = await listMails(db.knex, { limit, recipient: to?.toLowerCase() });
  const rows = mails.map((mail) => [
    mail.id,
    moment(mail.createdAt),
    mail.kind,
    mail.recipient,
    inWords(mail),
  ]);
  return {
    json: { mails: mails.map(mailToJson) },
    text: mails.length === 0 ? 'No mails.' : table(['ID', 'MADE', 'KIND', 'TO', ''], rows),
  };
};

const showOptions = z.object({ to: z.string().optional(), link: z.boolean().default(false) });

export const show: Action = async (context, { args, options: given }) => {
  const { to, link } = parseOptions(showOptions, given);
  const mail = await getMail(context, args[0], to);
  const message = messageOf(context, mail);
  if (!link) {
    const details = fields([
      ['id', mail.id],
      ['to', mail.recipient],
      ['subject', message?.subject],
      ['kind', mail.kind],
      ['made', moment(mail.createdAt)],
      ['state', inWords(mail)],
    ]);
    return {
      json: { ...mailToJson(mail), ...message },
      text: paragraphs(details, message?.text.trimEnd()),
    };
  }
  if (message?.link === undefined) {
    const reason = message ? 'There is no link in it.' : `What it said is not here: ${inWords(mail)}.`;
    throw new AppError('no_link', reason, { status: 409 });
  }
  return { json: { id: mail.id, link: message.link }, text: message.link };
};

const TEST_WORDS = {
  subject: 'A mail to see whether mails arrive',
  text: (issuer: string) => `This server sends mails: ${issuer}\n`,
  html: (issuer: string) =>
    `<!doctype html><html lang="en"><meta charset="utf-8"><p>This server sends mails: ${issuer}</p></html>`,
};

/** Straight to the mail server, past the outbox: what is wrong shows at once. */
export const test: Action = async ({ config, clock }, { args }) => {
  const recipient = parseArgument(args, 0, 'address');
  const { smtpUrl } = config.mail;
  if (smtpUrl === undefined)
    throw new AppError('no_mail_server', 'GUICHET_SMTP_URL is not set.', { status: 409 });
  const transport = openMailTransport(config, smtpUrl);
  const id = newId('mail');
  const { subject, text, html } = TEST_WORDS;
  const mail = { subject, text: text(config.issuer), html: html(config.issuer), link: undefined };
  try {
    await transport.send({ id, recipient, language: 'en', now: clock.now() }, mail);
  } catch (cause) {
    throw new AppError('mail_not_sent', `The mail was not sent: ${failureOf(cause).reason}`, {
      status: 409,
      cause,
    });
  } finally {
    transport.close();
  }
  return { json: { id, to: recipient }, text: `The mail server has taken a mail to ${recipient}.` };
};

async function getMail(
  { db }: CommandContext,
  id: string | undefined,
  to: string | undefined,
): Promise<StoredMail> {
  const found =
    id === undefined
      ? (await listMails(db.knex, { limit: 1, recipient: to?.toLowerCase() }))[0]
      : await findMail(db.knex, id);
  if (!found) throw new AppError('mail_not_found', 'There is no such mail.', { status: 404 });
  return found;
}

/** What was kept to be read; a message that is under way to a mail server is nobody's here. */
function messageOf({ config, seal }: CommandContext, mail: StoredMail): RenderedMail | undefined {
  if (!mail.message || config.mode === 'production') return undefined;
  return openMessage(seal, mail.id, mail.message);
}

function inWords(mail: StoredMail): string {
  if (mail.sentAt) return mail.message ? 'kept to be read' : `sent ${moment(mail.sentAt)}`;
  const reason = mail.lastError === null ? '' : `: ${mail.lastError}`;
  return mail.nextAttemptAt
    ? `next attempt ${moment(mail.nextAttemptAt)}${reason}`
    : `not sent, given up${reason}`;
}

function mailToJson(mail: StoredMail): Record<string, unknown> {
  return {
    id: mail.id,
    kind: mail.kind,
    to: mail.recipient,
    language: mail.language,
    created_at: mail.createdAt,
    sent_at: mail.sentAt,
    next_attempt_at: mail.nextAttemptAt,
    attempts: mail.attempts,
    last_error: mail.lastError,
  };
}
