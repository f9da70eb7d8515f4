import { z } from 'zod';

import type { ResetProblem } from '../../views/locals/registration.ts';
import { foldIdentifier, isEmail } from '../accounts/account.ts';
import { findAccountByIdentifier } from '../accounts/store.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import { showCheckMail } from './check-mail.ts';
import type { InteractionsContext, Steps, Visit } from './context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { formTargetsOf } from './form-targets.ts';
import { hasMail, orderMail } from './order-mail.ts';
import { destinationOf, presentClient } from './present.ts';
import { emailOf } from './register.ts';
import { seeOther } from './see-other.ts';
import { wayBackTo } from './way-back.ts';

/** RFC 5321 §4.5.3.1.3, and one more so that a longer one is seen to be too long. */
const IDENTIFIER_LENGTH_MAX = 255;

const form = z.object({
  identifier: z
    .string()
    .default('')
    .transform((typed) => typed.trim().slice(0, IDENTIFIER_LENGTH_MAX)),
});

/** The first half of a forgotten password: who, and a link is sent to their address. Nothing where no mail is sent. */
export function resetSteps({ config }: InteractionsContext): Steps {
  if (!hasMail(config)) return {};
  return {
    reset: { get: (context, visit) => showReset(context, visit), post: submitReset },
    'reset-sent': { get: (context, visit) => showCheckMail(context, visit, 'reset') },
  };
}

async function submitReset(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const { identifier } = form.parse(fieldsOf(ctx));
  const refuse = (status: number, problem: ResetProblem) =>
    showReset(context, visit, { identifier, problem, status });

  if (!isOurForm(context, visit)) return refuse(403, 'stale');
  if (identifier === '') return refuse(422, 'missing');
  const email = isEmail(identifier) ? emailOf(identifier) : undefined;
  if (isEmail(identifier) && email === undefined) return refuse(422, 'invalid');
  const account = await findAccountByIdentifier(context.db.knex, identifier);
  await orderMail(context, ctx, {
    kind: 'password-reset',
    // Never a username as typed: people type their password there.
    recipient: email ?? account?.email ?? null,
    asked: foldIdentifier(identifier),
    account,
    clientId: interaction.client.id,
    uiLocales: interaction.uiLocales,
    wayBack: wayBackTo(context.secrets, ctx, interaction.uid),
  });
  seeOther(ctx, `/interaction/${interaction.uid}/reset-sent`);
}

async function showReset(
  { views, secrets }: InteractionsContext,
  { ctx, interaction }: Visit,
  refusal?: { identifier: string; problem: ResetProblem; status: number },
): Promise<void> {
  showPage(
    views,
    ctx,
    'reset',
    {
      uid: interaction.uid,
      csrf: csrfToken(secrets, ctx, interaction.uid),
      client: presentClient(interaction.client),
      destination: destinationOf(interaction.redirectUri),
      identifier: refusal?.identifier ?? interaction.loginHint ?? '',
      problem: refusal?.problem,
    },
    {
      uiLocales: interaction.uiLocales,
      formTargets: formTargetsOf(interaction),
      ...(refusal ? { status: refusal.status } : {}),
    },
  );
}
