import { z } from 'zod';

import type { SecondFactorProblem } from '../../views/locals/authenticators.ts';
import { guessesLockedUntil } from '../authenticators/guess-store.ts';
import { amrOf } from '../authenticators/passkey.ts';
import { failProgress } from '../authenticators/progress-store.ts';
import type { Progress } from '../authenticators/progress.ts';
import { proveCode } from '../authenticators/prove-code.ts';
import { passkeySecondFactor, provePasskey } from '../authenticators/use-passkey.ts';
import type { InteractionsContext, Steps, Visit } from './context.ts';
import { byPerson, factorContext } from './factor-context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { findPending, takeUpPending, type Pending } from './pending.ts';
import { proceed, withProof } from './proceed.ts';
import { rememberSecondFactor } from './remembered-device.ts';
import { seeOther } from './see-other.ts';
import { showSignIn } from './sign-in-page.ts';
import { showStep } from './step-page.ts';

export const secondFactorSteps = {
  'second-factor': { get: showSecondFactor, post: submitSecondFactor },
} satisfies Steps;

/** Far longer than any code, however it is grouped. */
const CODE_LENGTH_MAX = 100;

const secondFactorForm = z.object({
  /** A one-time code or a recovery code. */
  code: z
    .string()
    .default('')
    .transform((typed) => typed.slice(0, CODE_LENGTH_MAX)),
  /** Of a passkey. */
  response: z.string().default(''),
  remember_device: z.string().default(''),
});

async function showSecondFactor(context: InteractionsContext, visit: Visit): Promise<void> {
  const pending = await findPending(context, visit);
  if (pending?.step !== 'second-factor') return startAgain(visit);
  return showChallenge(context, visit, pending);
}

async function submitSecondFactor(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const pending = await takeUpPending(context, visit);
  if (pending?.step !== 'second-factor') return startAgain(visit);
  const form = secondFactorForm.parse(fieldsOf(ctx));
  if (!isOurForm(context, visit)) return showChallenge(context, visit, pending, 'stale');
  if (form.code.trim() === '' && form.response === '') {
    return showChallenge(context, visit, pending, asksForRecovery(visit) ? 'recoveryMissing' : 'codeMissing');
  }
  const proof =
    form.response === ''
      ? await proveByCode(context, visit, pending, form.code)
      : await proveByPasskey(context, visit, pending, form.response);
  if (typeof proof === 'string') {
    if (!(await failProgress(context.db.knex, interaction.uid)))
      return showChallenge(context, visit, pending, proof);
    return stopSignIn(context, visit, pending);
  }
  if (form.remember_device !== '' && mayRemember(context)) {
    await rememberSecondFactor(context, ctx, pending.account.id);
  }
  const progress = withProof(pending.progress, proof, context.clock.now());
  return proceed(context, visit, progress, pending.account);
}

type Proof = Pick<Progress, 'amr' | 'secondFactor'> | SecondFactorProblem;

/** RFC 8176 has no word for codes on paper; they are one-time passwords as well. */
async function proveByCode(
  context: InteractionsContext,
  { ctx, interaction }: Visit,
  { account }: Pending,
  typed: string,
): Promise<Proof> {
  const factors = factorContext(context, ctx, interaction.uiLocales);
  const by = byPerson(ctx, account.id);
  const proved = await proveCode(factors, { accountId: account.id, typed, by });
  if (proved.ok) return { amr: ['otp', 'mfa'], secondFactor: proved.factor };
  return proved.reason === 'locked' ? 'locked' : 'codeRejected';
}

async function proveByPasskey(
  context: InteractionsContext,
  { ctx, interaction }: Visit,
  { account }: Pending,
  answer: string,
): Promise<Proof> {
  const by = byPerson(ctx, account.id);
  const input = { accountId: account.id, interactionUid: interaction.uid, answer, by };
  const proved = await provePasskey(context, input);
  if (!proved.ok) return 'passkeyRejected';
  return { amr: [amrOf(proved.passkey), 'user', 'mfa'], secondFactor: 'passkey' };
}

const STATUSES: Readonly<Record<SecondFactorProblem, number>> = {
  stale: 403,
  codeMissing: 422,
  recoveryMissing: 422,
  codeRejected: 422,
  passkeyRejected: 422,
  locked: 429,
};

async function showChallenge(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  problem?: SecondFactorProblem,
): Promise<void> {
  const { ctx, interaction } = visit;
  const { account, factors, progress, mayEnrol } = pending;
  const now = context.clock.now();
  const lockedUntil = await guessesLockedUntil(context.db.knex, account.id, now);
  const shown = problem ?? (lockedUntil && factors.passkeys === 0 ? 'locked' : undefined);
  const waitSeconds = lockedUntil ? Math.ceil((lockedUntil.getTime() - now.getTime()) / 1000) : 0;
  if (shown === 'locked') ctx.set('Retry-After', String(waitSeconds));
  const mustBePasskey = progress.secondFactor !== undefined;
  const takesCodes = !lockedUntil && !mustBePasskey;
  showStep(
    context,
    visit,
    pending,
    'second-factor',
    {
      passkeyOptions:
        factors.passkeys > 0
          ? await passkeySecondFactor(context, { accountId: account.id, interactionUid: interaction.uid })
          : undefined,
      takesTotp: factors.totp && takesCodes,
      takesRecovery: factors.recoveryCodes > 0 && takesCodes,
      recovering: asksForRecovery(visit) && factors.recoveryCodes > 0 && takesCodes,
      mayEnrol,
      rememberDays: mayRemember(context) ? context.config.authentication.rememberDeviceDays : 0,
      problem: shown,
      waitSeconds,
    },
    shown === undefined ? 200 : STATUSES[shown],
  );
}

/** Too many wrong answers: from the first factor again. */
async function stopSignIn(
  context: InteractionsContext,
  visit: Visit,
  { account, progress }: Pending,
): Promise<void> {
  const identifier = account.email ?? account.username ?? '';
  const problems = [{ kind: 'factorFailed' }] as const;
  return showSignIn(context, visit, { identifier, remember: progress.remember, problems, status: 422 });
}

/** Where everybody needs two factors a device never replaces one. */
function mayRemember({ config }: InteractionsContext): boolean {
  return config.authentication.rememberDeviceDays > 0 && config.authentication.multiFactor === 'optional';
}

function asksForRecovery({ ctx }: Visit): boolean {
  return ctx.query['use'] === 'recovery-code';
}

function startAgain({ ctx, interaction }: Visit): void {
  seeOther(ctx, `/interaction/${interaction.uid}`);
}
