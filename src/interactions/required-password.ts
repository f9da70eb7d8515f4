import { z } from 'zod';

import { chooseLanguage } from '../../views/language.ts';
import type { RequiredPasswordProblem } from '../../views/locals/registration.ts';
import { AppError } from '../errors.ts';
import { stateOf } from '../http/middleware.ts';
import { chooseRequiredPassword } from '../revocation/choose-required-password.ts';
import type { InteractionsContext, Steps, Visit } from './context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { newPasswordProblem, weakPasswordProblem } from './new-password.ts';
import { findPending, takeUpPending, type Pending } from './pending.ts';
import { proceed } from './proceed.ts';
import { seeOther } from './see-other.ts';
import { showStep } from './step-page.ts';

/** An operator wants another password: nothing else comes before it is chosen. */
export const requiredPasswordSteps = {
  'new-password': { get: showForm, post: submit },
} satisfies Steps;

const form = z.object({ password: z.string().default(''), repeat: z.string().default('') });

async function showForm(context: InteractionsContext, visit: Visit): Promise<void> {
  const pending = await findPending(context, visit);
  if (pending?.step !== 'new-password') return startAgain(visit);
  return show(context, visit, pending);
}

async function submit(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const pending = await takeUpPending(context, visit);
  if (pending?.step !== 'new-password') return startAgain(visit);
  const fields = form.parse(fieldsOf(ctx));
  if (!isOurForm(context, visit)) return show(context, visit, pending, 'stale');
  const problem = newPasswordProblem(fields);
  if (problem) return show(context, visit, pending, problem);
  try {
    const notice = {
      language: chooseLanguage(interaction.uiLocales, ctx.get('Accept-Language')),
      detail: { address: stateOf(ctx).address },
    };
    const account = await chooseRequiredPassword(context, { ...pending, password: fields.password, notice });
    if (!account) return startAgain(visit);
    return await proceed(context, visit, pending.progress, account);
  } catch (error) {
    const broken = isSame(error) ? 'same' : weakPasswordProblem(error);
    if (broken === undefined) throw error;
    return show(context, visit, pending, broken);
  }
}

async function show(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  problem?: RequiredPasswordProblem,
): Promise<void> {
  const { email, username } = pending.account;
  const page = {
    name: email ?? username ?? '',
    lengthMin: context.config.authentication.passwordLengthMin,
    problem,
  };
  const status = problem === undefined ? 200 : problem === 'stale' ? 403 : 422;
  showStep(context, visit, pending, 'new-password', page, status);
}

function isSame(error: unknown): boolean {
  return error instanceof AppError && error.code === 'same_password';
}

function startAgain({ ctx, interaction }: Visit): void {
  seeOther(ctx, `/interaction/${interaction.uid}`);
}
