import type { Context } from 'koa';

import type { OutboxPages } from '../../views/locals/mail.ts';
import type { Views } from '../../views/render.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { httpError } from '../http/errors.ts';
import { stateOf, type Middleware } from '../http/middleware.ts';
import { sendPage } from '../http/page.ts';
import { showPage } from '../http/show-page.ts';
import { openMessage } from '../mail/message.ts';
import { findMail, listMails, type StoredMail } from '../mail/store.ts';

interface OutboxContext {
  readonly config: Config;
  readonly db: Database;
  readonly seal: Seal;
  readonly views: Views;
}

/** Mails of the last hours, on one page. */
const MAILS_MAX = 50;

const PATH = /^\/mails\/(mail_[0-9A-Za-z]+)(\/html)?$/;

/** A mail brings its own styles and nothing else. */
const MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Whether mails can be read in the browser: in development, and where no mail server takes them. */
export function keepsMails({ mode, mail }: Pick<Config, 'mode' | 'mail'>): boolean {
  return mode === 'development' && mail.smtpUrl === undefined;
}

/**
 * What would have been sent, for whoever develops on this machine. The links in it are as good as passwords, so nobody else is
 * shown anything, not even in development: from another machine, and behind `npm start` in a container, use `guichet mails`.
 */
export function outbox(context: OutboxContext): Middleware {
  const isOn = keepsMails(context.config);
  return async function showOutbox(ctx, next) {
    if (ctx.path !== '/mails' && !ctx.path.startsWith('/mails/')) return next();
    if (!isOn || !isLoopback(stateOf(ctx).address)) throw missing();
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next();
    if (ctx.path === '/mails') return showList(context, ctx);
    const [, id = '', html] = PATH.exec(ctx.path) ?? [];
    const mail = id === '' ? undefined : await findMail(context.db.knex, id);
    if (!mail) throw missing();
    if (html === undefined) return showMail(context, ctx, mail);
    if (!mail.message) throw missing();
    return showHtml(context, ctx, mail, mail.message);
  };
}

function missing(): Error {
  return httpError('not_found', 'There is no such mail.');
}

/** Of an address as `client-address.ts` writes it. */
function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

async function showList({ db, seal, views }: OutboxContext, ctx: Context): Promise<void> {
  const mails = await listMails(db.knex, { limit: MAILS_MAX });
  showPage(views, ctx, 'mails', { mails: mails.map((mail) => entryOf(seal, mail)) });
}

function showMail({ seal, views }: OutboxContext, ctx: Context, mail: StoredMail): void {
  const message = mail.message && openMessage(seal, mail.id, mail.message);
  const shown = message && { text: message.text, link: message.link, htmlPath: `/mails/${mail.id}/html` };
  showPage(views, ctx, 'mail', { ...entryOf(seal, mail), message: shown ?? undefined });
}

function showHtml({ seal }: OutboxContext, ctx: Context, { id }: StoredMail, message: Buffer): void {
  sendPage(ctx, openMessage(seal, id, message).html, { csp: MAIL_POLICY });
}

function entryOf(seal: Seal, mail: StoredMail): OutboxPages['mails']['mails'][number] {
  const { id, recipient, kind, createdAt, message } = mail;
  return {
    path: `/mails/${id}`,
    recipient,
    kind,
    subject: message ? openMessage(seal, id, message).subject : undefined,
    at: `${createdAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    state: stateOfMail(mail),
  };
}

function stateOfMail({ message, nextAttemptAt, sentAt }: StoredMail): 'kept' | 'waiting' | 'failed' | 'gone' {
  if (message) return 'kept';
  if (nextAttemptAt) return 'waiting';
  return sentAt ? 'gone' : 'failed';
}
