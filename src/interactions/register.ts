import { domainToASCII } from 'node:url';

import { z } from 'zod';

import type { RegisterProblem } from '../../views/locals/registration.ts';
import { checkEmail } from '../accounts/rules.ts';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext, Steps, Visit } from './context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { showCheckMail } from './check-mail.ts';
import { formTargetsOf } from './form-targets.ts';
import { hasMail, orderMail } from './order-mail.ts';
import { destinationOf, presentClient } from './present.ts';
import { seeOther } from './see-other.ts';
import { wayBackTo } from './way-back.ts';

/** RFC 5321 §4.5.3.1.3, and one more so that a longer one is seen to be too long. */
const EMAIL_LENGTH_MAX = 255;

const form = z.object({
  email: z
    .string()
    .default('')
    .transform((typed) => typed.trim().slice(0, EMAIL_LENGTH_MAX)),
});

/** The first half of joining: an address, to which the second half is sent as a link. Nothing where people cannot join by themselves. */
export function registrationSteps({ config }: InteractionsContext): Steps {
  if (!mayRegister(config)) return {};
  return {
    register: { get: (context, visit) => showRegister(context, visit), post: submitRegister },
    'register-sent': { get: (context, visit) => showCheckMail(context, visit, 'registration') },
  };
}

export function mayRegister(config: Config): boolean {
  return config.registration.mode === 'open' && hasMail(config);
}

async function submitRegister(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const { email: typed } = form.parse(fieldsOf(ctx));
  const refuse = (status: number, problem: RegisterProblem) =>
    showRegister(context, visit, { email: typed, problem, status });

  if (!isOurForm(context, visit)) return refuse(403, 'stale');
  if (typed === '') return refuse(422, 'missing');
  const email = emailOf(typed);
  if (email === undefined) return refuse(422, 'invalid');
  // A fact about this service and not about anybody, so it is said.
  if (!isWelcome(context.config, email)) return refuse(422, 'domain');
  await orderMail(context, ctx, {
    kind: 'registration',
    recipient: email,
    asked: email,
    account: undefined,
    clientId: interaction.client.id,
    uiLocales: interaction.uiLocales,
    wayBack: wayBackTo(context.secrets, ctx, interaction.uid),
  });
  seeOther(ctx, `/interaction/${interaction.uid}/register-sent`);
}

async function showRegister(
  { views, secrets, config }: InteractionsContext,
  { ctx, interaction }: Visit,
  refusal?: { email: string; problem: RegisterProblem; status: number },
): Promise<void> {
  showPage(
    views,
    ctx,
    'register',
    {
      uid: interaction.uid,
      csrf: csrfToken(secrets, ctx, interaction.uid),
      client: presentClient(interaction.client),
      destination: destinationOf(interaction.redirectUri),
      email: refusal?.email ?? interaction.loginHint ?? '',
      domains: config.registration.domains,
      problem: refusal?.problem,
    },
    {
      uiLocales: interaction.uiLocales,
      formTargets: formTargetsOf(interaction),
      ...(refusal ? { status: refusal.status } : {}),
    },
  );
}

/** Folded; undefined for what is no address. */
export function emailOf(typed: string): string | undefined {
  try {
    return checkEmail(typed);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_email') return undefined;
    throw error;
  }
}

/** Exactly the domains listed, in whichever script they are written. */
export function isWelcome({ registration: { domains } }: Config, email: string): boolean {
  const domain = domainToASCII(email.slice(email.lastIndexOf('@') + 1));
  return domains.length === 0 || domains.includes(domain);
}
