import { z } from 'zod';

import { chooseLanguage } from '../../views/language.ts';
import type { PasswordFormProblem } from '../../views/locals/registration.ts';
import { ACCOUNT_CLIENT_ID } from '../clients/built-in.ts';
import { stateOf } from '../http/middleware.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { newPasswordProblem, weakPasswordProblem } from '../interactions/new-password.ts';
import { hasMail, orderMail } from '../interactions/order-mail.ts';
import { seeOther } from '../interactions/see-other.ts';
import { changePassword } from '../revocation/change-password.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { pathOfPage } from './paths.ts';
import { showAccountPage } from './show-account-page.ts';

const form = z.object({
  current: z.string().default(''),
  password: z.string().default(''),
  repeat: z.string().default(''),
  elsewhere: z
    .string()
    .optional()
    .transform((value) => value !== undefined),
});

const DONE = ['changed', 'sent'] as const;

type Form = z.output<typeof form>;

/**
 * Changes the password of whoever knows the old one (ASVS 5.0 V6.2.3), however fresh the sign-in. Who has none chooses a first
 * one by a link in a mail: somebody at an unlocked screen must not be able to add one.
 */
export const password: AccountPage = {
  fresh: true,
  get: (context, visit) => show(context, visit),
  actions: {
    change: { run: change, fresh: true },
    'send-link': { run: sendLink, fresh: true },
  },
};

async function change(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, session } = visit;
  if (!account.hasPassword) return seeOther(ctx, pathOfPage('password'));
  const fields = form.parse(fieldsOf(ctx));
  const problem = await problemOf(context, visit, fields);
  if (problem) return show(context, visit, problem);
  try {
    await changePassword(context, {
      account,
      password: fields.password,
      sessionUid: session.uid,
      signOutElsewhere: fields.elsewhere,
      notice: {
        language: chooseLanguage(undefined, ctx.get('Accept-Language')),
        detail: { address: stateOf(ctx).address },
      },
    });
  } catch (error) {
    const kind = weakPasswordProblem(error);
    if (kind === undefined) throw error;
    return show(context, visit, { kind });
  }
  seeOther(ctx, `${pathOfPage('password')}?done=changed`);
}

/** The old password is guessed at as a sign-in's would be, so the throttle counts it as one. */
async function problemOf(
  { checkPassword }: AccountContext,
  { ctx, account }: AccountVisit,
  fields: Form,
): Promise<PasswordFormProblem | undefined> {
  if (fields.current === '') return { kind: 'currentMissing' };
  const kind = newPasswordProblem(fields);
  if (kind) return { kind };
  const checked = await checkPassword(ctx, {
    identifier: account.email ?? account.username ?? account.id,
    password: fields.current,
    clientId: ACCOUNT_CLIENT_ID,
    oursOnly: true,
  });
  if (checked.ok)
    return 'account' in checked && checked.account.id === account.id ? undefined : { kind: 'rejected' };
  if (checked.waitSeconds === 0) return { kind: 'rejected' };
  ctx.set('Retry-After', String(Math.ceil(checked.waitSeconds)));
  return { kind: 'tooMany', waitSeconds: checked.waitSeconds };
}

async function sendLink(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account } = visit;
  if (account.hasPassword || !mayAsk(context, visit)) return seeOther(ctx, pathOfPage('password'));
  await orderMail(context, ctx, {
    kind: 'password-reset',
    recipient: account.email,
    asked: account.email ?? account.id,
    account,
    actor: `account:${account.id}`,
    detail: { wanted: 'by-person' },
  });
  seeOther(ctx, `${pathOfPage('password')}?done=sent`);
}

function mayAsk({ config }: AccountContext, { account }: AccountVisit): boolean {
  return hasMail(config) && account.email !== null;
}

async function show(
  context: AccountContext,
  visit: AccountVisit,
  problem?: PasswordFormProblem,
): Promise<void> {
  const { ctx, account } = visit;
  const page = {
    hasPassword: account.hasPassword,
    mayAsk: mayAsk(context, visit),
    lengthMin: context.config.authentication.passwordLengthMin,
    problem,
    done: ctx.method === 'GET' ? DONE.find((known) => known === ctx.query['done']) : undefined,
  };
  const status = problem?.kind === 'tooMany' ? 429 : 422;
  showAccountPage(context, visit, 'account-password', 'password', page, problem ? { status } : {});
}
