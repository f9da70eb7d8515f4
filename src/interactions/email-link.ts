import type { Context } from 'koa';
import type { Knex } from 'knex';

import { chooseLanguage, type Language } from '../../views/language.ts';
import { changeEmail, type EmailChange } from '../accounts/change-email.ts';
import { findLink } from '../accounts/link-store.ts';
import { csrfToken } from '../http/csrf.ts';
import { stateOf } from '../http/middleware.ts';
import { showPage } from '../http/show-page.ts';
import { queueNotice } from '../mail/queue-notice.ts';
import type { InteractionsContext } from './context.ts';
import { fieldsOf, isFormOf } from './fields.ts';
import { linkForm, showDeadLink, tokenOf } from './link-form.ts';
import type { LinkVisit } from './links.ts';
import { seeOther } from './see-other.ts';

const BINDING = 'email link';

/** Confirms an address, in whatever browser the mail is read: the person who asked is often signed in elsewhere. */
export async function showEmailLink(context: InteractionsContext, { ctx }: LinkVisit): Promise<void> {
  return showForm(context, ctx, { token: tokenOf(ctx), isStale: false });
}

export async function submitEmailLink(context: InteractionsContext, { ctx }: LinkVisit): Promise<void> {
  const { token } = linkForm.parse(fieldsOf(ctx));
  if (!isFormOf(context.secrets, ctx, BINDING)) return showForm(context, ctx, { token, isStale: true });
  const { address } = stateOf(ctx);
  const language = chooseLanguage(undefined, ctx.get('Accept-Language'));
  const changed = await changeEmail(context, token, (tx, change) =>
    tellFormerAddress(tx, change, { address, language, now: context.clock.now() }),
  );
  if (!changed.ok) return showDeadLink(context, ctx, 'email');
  seeOther(ctx, '/email-change/done');
}

/** Nothing of whose it is: whoever comes by this address learns no more than that such a page exists. */
export async function showEmailConfirmed({ views }: InteractionsContext, { ctx }: LinkVisit): Promise<void> {
  showPage(views, ctx, 'email-confirmed', undefined);
}

async function showForm(
  context: InteractionsContext,
  ctx: Context,
  { token, isStale }: { token: string; isStale: boolean },
): Promise<void> {
  const { db, clock, secrets, views } = context;
  const link = await findLink(db.knex, token, ['email-change'], clock.now());
  if (!link) return showDeadLink(context, ctx, 'email');
  const page = { token, csrf: csrfToken(secrets, ctx, BINDING), email: link.email, stale: isStale };
  showPage(views, ctx, 'email-change', page, isStale ? { status: 403 } : {});
}

/** ASVS 5.0 V6.3.7: the former address hears of it, so that the person can object. A first or the same address has none. */
async function tellFormerAddress(
  tx: Knex.Transaction,
  { account, previousEmail }: EmailChange & { ok: true },
  { address, language, now }: { address: string; language: Language; now: Date },
): Promise<void> {
  if (previousEmail === null || previousEmail === account.email) return;
  const detail = { address, email: account.email ?? '' };
  await queueNotice(tx, 'email-changed', { ...account, email: previousEmail }, { language, detail }, now);
}
