import type { Context } from 'koa';
import { z } from 'zod';

import type { SetupProblem } from '../../views/locals/console.ts';
import { AppError } from '../errors.ts';
import { csrfToken } from '../http/csrf.ts';
import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import { fieldsOf, isFormOf } from '../interactions/fields.ts';
import { newPasswordProblem, weakPasswordProblem } from '../interactions/new-password.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { ConsoleContext } from './context.ts';
import { isUsable, setUp } from './setup-link.ts';

const BINDING = 'setup link';

const trimmed = z
  .string()
  .default('')
  .transform((typed) => typed.trim());

const form = z.object({
  token: z.string().default(''),
  name: trimmed,
  email: trimmed,
  password: z.string().default(''),
  repeat: z.string().default(''),
});

type Form = z.output<typeof form>;

/** Where the printed link leads. A GET changes nothing; the POST uses the link up and makes the first owner. */
export async function answerSetup(context: ConsoleContext, ctx: Context): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  if (ctx.method === 'POST') return submit(context, ctx, form.parse(fieldsOf(ctx)));
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
    ctx.set('Allow', 'GET, HEAD, POST');
    throw httpError('method_not_allowed', 'Use GET or POST here.');
  }
  const { token } = ctx.query;
  return showForm(context, ctx, form.parse({ token: typeof token === 'string' ? token : '' }));
}

async function submit(context: ConsoleContext, ctx: Context, typed: Form): Promise<void> {
  if (!isFormOf(context.secrets, ctx, BINDING)) return showForm(context, ctx, typed, 'stale');
  if (typed.email === '') return showForm(context, ctx, typed, 'email');
  const wrong = newPasswordProblem(typed);
  if (wrong) return showForm(context, ctx, typed, wrong);
  try {
    await setUp(context, typed);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return showForm(context, ctx, typed, problem);
  }
  return seeOther(ctx, '/console');
}

async function showForm(
  context: ConsoleContext,
  ctx: Context,
  typed: Form,
  problem?: SetupProblem,
): Promise<void> {
  const { secrets, views, config } = context;
  if (!(await isUsable(context, typed.token))) {
    return showPage(views, ctx, 'console-setup-dead', undefined, { status: 410, uiLocales: 'en' });
  }
  const page = {
    csrf: csrfToken(secrets, ctx, BINDING),
    token: typed.token,
    name: typed.name,
    email: typed.email,
    lengthMin: config.authentication.passwordLengthMin,
    problem,
  };
  showPage(views, ctx, 'console-setup', page, {
    uiLocales: 'en',
    ...(problem === undefined ? {} : { status: 422 }),
  });
}

function problemOf(error: unknown): SetupProblem | undefined {
  const weak = weakPasswordProblem(error);
  if (weak) return weak;
  if (!(error instanceof AppError)) return undefined;
  const known: Readonly<Record<string, SetupProblem>> = {
    invalid_email: 'email',
    invalid_profile: 'name',
    email_taken: 'taken',
    // Shown by the page of dead links.
    setup_link_dead: 'stale',
  };
  return known[error.code];
}
