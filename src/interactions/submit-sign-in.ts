import { z } from 'zod';

import type { SignInProblem } from '../../views/locals/core.ts';
import type { createPasswordCheck } from './check-password.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { arriveFromDirectory, findWaitingProvider } from './directory-arrive.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { proceed } from './proceed.ts';
import { showSignIn } from './sign-in-page.ts';
import { leaveForDomain } from './upstream-leave.ts';

/** RFC 5321 §4.5.3.1.3: no e-mail address is longer, and usernames are shorter. */
const IDENTIFIER_LENGTH_MAX = 254;

const signInForm = z.object({
  identifier: z
    .string()
    .default('')
    .transform((typed) => typed.trim().slice(0, IDENTIFIER_LENGTH_MAX + 1)),
  password: z.string().default(''),
  remember: z
    .string()
    .optional()
    .transform((value) => value !== undefined),
});

type SignInForm = z.output<typeof signInForm>;

export async function submitSignIn(
  context: InteractionsContext,
  visit: Visit,
  checkPassword: ReturnType<typeof createPasswordCheck>,
): Promise<void> {
  const { ctx, interaction } = visit;
  const form = signInForm.parse(fieldsOf(ctx));
  const refuse = (status: number, ...problems: SignInProblem[]) =>
    showSignIn(context, visit, { identifier: form.identifier, remember: form.remember, problems, status });

  if (!isOurForm(context, visit)) return refuse(403, { kind: 'stale' });
  if (await leaveForDomain(context, visit, form.identifier)) return;
  const missing = missingOf(form);
  if (missing.length > 0) return refuse(422, ...missing);

  const connects = await findWaitingProvider(context, visit);
  const checked = await checkPassword(ctx, { ...form, clientId: interaction.client.id, connects });
  if (checked.ok && 'arrival' in checked) {
    return arriveFromDirectory(context, visit, { ...checked.arrival, remember: form.remember });
  }
  if (checked.ok) {
    const { account } = checked;
    const progress = {
      accountId: account.id,
      amr: ['pwd'],
      remember: form.remember,
      identityId: null,
      upstreamSid: null,
      provedAt: context.clock.now(),
    };
    return proceed(context, visit, progress, account);
  }
  if (checked.waitSeconds === 0) return refuse(422, { kind: 'rejected' });
  ctx.set('Retry-After', String(Math.ceil(checked.waitSeconds)));
  return refuse(429, { kind: 'tooMany', waitSeconds: checked.waitSeconds });
}

function missingOf({ identifier, password }: SignInForm): SignInProblem[] {
  const problems: SignInProblem[] = [];
  if (identifier === '') problems.push({ kind: 'identifierMissing' });
  if (password === '') problems.push({ kind: 'passwordMissing' });
  return problems;
}
