import { z } from 'zod';

import type { EmailProblem } from '../../views/locals/registration.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { hasMail, orderMail } from '../interactions/order-mail.ts';
import { emailOf } from '../interactions/register.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { pathOfPage } from './paths.ts';
import { showAccountPage } from './show-account-page.ts';

/** RFC 5321 §4.5.3.1.3, and one more so that a longer one is seen to be too long. */
const EMAIL_LENGTH_MAX = 255;

const form = z.object({
  email: z
    .string()
    .default('')
    .transform((typed) => typed.trim().slice(0, EMAIL_LENGTH_MAX)),
});

/**
 * The address changes only by a link that was mailed to the new one; until then the old one stays. Whether somebody else has
 * the new one is not said here: its mailbox is told.
 */
export const email: AccountPage = {
  fresh: true,
  get: (context, visit) => show(context, visit),
  actions: {
    change: { run: change, fresh: true },
    verify: { run: verify, fresh: true },
  },
};

async function change(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { email: typed } = form.parse(fieldsOf(visit.ctx));
  if (typed === '') return show(context, visit, { wanted: typed, problem: 'missing' });
  const wanted = emailOf(typed);
  if (wanted === undefined) return show(context, visit, { wanted: typed, problem: 'invalid' });
  const { account } = visit;
  if (wanted === account.email) return show(context, visit, { wanted: typed, problem: 'same' });
  return sendLink(context, visit, wanted);
}

/** The address that the account has already, of which nobody has shown that it is theirs. */
async function verify(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { email: current, emailVerified } = visit.account;
  if (current === null || emailVerified) return seeOther(visit.ctx, pathOfPage('email'));
  return sendLink(context, visit, current);
}

async function sendLink(context: AccountContext, visit: AccountVisit, recipient: string): Promise<void> {
  const { ctx, account } = visit;
  if (!hasMail(context.config)) return show(context, visit);
  await orderMail(context, ctx, {
    kind: 'email-change',
    recipient,
    asked: recipient,
    account,
    actor: `account:${account.id}`,
    detail: account.email === null ? {} : { previousEmail: account.email },
  });
  seeOther(ctx, `${pathOfPage('email')}?sent=yes`);
}

async function show(
  context: AccountContext,
  visit: AccountVisit,
  refusal?: { wanted: string; problem: EmailProblem },
): Promise<void> {
  const { ctx, account } = visit;
  const page = {
    email: account.email ?? undefined,
    verified: account.emailVerified,
    mayChange: hasMail(context.config),
    wanted: refusal?.wanted ?? '',
    problem: refusal?.problem,
    sent: ctx.method === 'GET' && ctx.query['sent'] === 'yes',
  };
  showAccountPage(context, visit, 'account-email', 'email', page, refusal ? { status: 422 } : {});
}
