import type { Context } from 'koa';

import type { NewPasswordProblem } from '../../views/locals/registration.ts';
import type { LinkPurpose } from '../accounts/link.ts';
import { findLink } from '../accounts/link-store.ts';
import { register } from '../accounts/register.ts';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext } from './context.ts';
import { fieldsOf, isFormOf } from './fields.ts';
import { linkForm, showDeadLink, tokenOf } from './link-form.ts';
import type { LinkVisit } from './links.ts';
import { newPasswordProblem, weakPasswordProblem } from './new-password.ts';
import { seeOther } from './see-other.ts';
import { destinationAfterLink } from './way-back.ts';

const BINDING = 'registration link';

type Problem = NewPasswordProblem | 'stale' | 'name';

/** The second half of joining: a name and a password, once the address is known to be theirs. */
export async function showRegistrationLink(context: InteractionsContext, { ctx }: LinkVisit): Promise<void> {
  return showForm(context, ctx, { token: tokenOf(ctx), name: undefined });
}

export async function submitRegistrationLink(
  context: InteractionsContext,
  { ctx, interactions }: LinkVisit,
): Promise<void> {
  const form = linkForm.parse(fieldsOf(ctx));
  const refuse = (problem: Problem, status = 422) => showForm(context, ctx, { ...form, problem, status });

  if (!isFormOf(context.secrets, ctx, BINDING)) return refuse('stale', 403);
  const problem = newPasswordProblem(form);
  if (problem) return refuse(problem);
  try {
    const name = form.name === '' ? undefined : form.name;
    const purposes = purposesOf(context.config);
    const joined = await register(context, { ...form, name, purposes });
    if (!joined.ok) return showDeadLink(context, ctx, 'registration');
    seeOther(ctx, await destinationAfterLink(context.secrets, interactions, ctx, joined.wayBack));
  } catch (error) {
    const broken = problemOf(error);
    if (broken === undefined) throw error;
    return refuse(broken);
  }
}

async function showForm(
  context: InteractionsContext,
  ctx: Context,
  form: { token: string; name: string | undefined; problem?: Problem; status?: number },
): Promise<void> {
  const { db, clock, config, secrets, views } = context;
  const link = await findLink(db.knex, form.token, purposesOf(config), clock.now());
  if (!link) return showDeadLink(context, ctx, 'registration');
  const page = {
    token: form.token,
    csrf: csrfToken(secrets, ctx, BINDING),
    email: link.email,
    name: form.name ?? link.name ?? '',
    lengthMin: config.authentication.passwordLengthMin,
    problem: form.problem,
  };
  showPage(views, ctx, 'registration', page, form.status === undefined ? {} : { status: form.status });
}

/** A link outlives the policy under which it was made, and is not good beyond it. */
function purposesOf({ registration: { mode } }: Config): readonly LinkPurpose[] {
  if (mode === 'off') return [];
  return mode === 'open' ? ['registration', 'invitation'] : ['invitation'];
}

function problemOf(error: unknown): Problem | undefined {
  const isName = error instanceof AppError && error.code === 'invalid_profile';
  return isName ? 'name' : weakPasswordProblem(error);
}
