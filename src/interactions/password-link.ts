import type { Context } from 'koa';

import { chooseLanguage } from '../../views/language.ts';
import type { NewPasswordProblem } from '../../views/locals/registration.ts';
import { findLink } from '../accounts/link-store.ts';
import { csrfToken } from '../http/csrf.ts';
import { stateOf } from '../http/middleware.ts';
import { showPage } from '../http/show-page.ts';
import { resetPasswordByLink } from '../revocation/reset-password.ts';
import type { InteractionsContext } from './context.ts';
import { fieldsOf, isFormOf } from './fields.ts';
import { linkForm, showDeadLink, tokenOf } from './link-form.ts';
import type { LinkVisit } from './links.ts';
import { newPasswordProblem, weakPasswordProblem } from './new-password.ts';
import { seeOther } from './see-other.ts';
import { destinationAfterLink } from './way-back.ts';

const BINDING = 'password link';

type Problem = NewPasswordProblem | 'stale';

/** The second half of a forgotten password. Whoever sets one still has to sign in with it, second factor included. */
export async function showPasswordLink(context: InteractionsContext, { ctx }: LinkVisit): Promise<void> {
  return showForm(context, ctx, { token: tokenOf(ctx) });
}

export async function submitPasswordLink(
  context: InteractionsContext,
  { ctx, interactions }: LinkVisit,
): Promise<void> {
  const form = linkForm.parse(fieldsOf(ctx));
  const { token, password } = form;
  const refuse = (problem: Problem, status = 422) => showForm(context, ctx, { token, problem, status });

  if (!isFormOf(context.secrets, ctx, BINDING)) return refuse('stale', 403);
  const problem = newPasswordProblem(form);
  if (problem) return refuse(problem);
  try {
    const notice = {
      language: chooseLanguage(undefined, ctx.get('Accept-Language')),
      detail: { address: stateOf(ctx).address },
    };
    const reset = await resetPasswordByLink(context, { token, password, notice });
    if (!reset.ok) return showDeadLink(context, ctx, 'reset');
    seeOther(ctx, await destinationAfterLink(context.secrets, interactions, ctx, reset.wayBack));
  } catch (error) {
    const broken = weakPasswordProblem(error);
    if (broken === undefined) throw error;
    return refuse(broken);
  }
}

async function showForm(
  context: InteractionsContext,
  ctx: Context,
  { token, problem, status }: { token: string; problem?: Problem; status?: number },
): Promise<void> {
  const { db, clock, config, secrets, views } = context;
  const link = await findLink(db.knex, token, ['password-reset'], clock.now());
  if (!link) return showDeadLink(context, ctx, 'reset');
  const page = {
    token,
    csrf: csrfToken(secrets, ctx, BINDING),
    email: link.email,
    lengthMin: config.authentication.passwordLengthMin,
    problem,
  };
  showPage(views, ctx, 'password-reset', page, status === undefined ? {} : { status });
}
