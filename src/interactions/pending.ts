import type { Account } from '../accounts/account.ts';
import { findAccount } from '../accounts/store.ts';
import { findFactors } from '../authenticators/factor-store.ts';
import type { Factors } from '../authenticators/factors.ts';
import { draftedCodes } from '../authenticators/make-recovery-codes.ts';
import type { Progress } from '../authenticators/progress.ts';
import { beginProgress, findProgress } from '../authenticators/progress-store.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { factorContext } from './factor-context.ts';
import { mayEnrol, missingStep, type MissingStep } from './missing-step.ts';

/** Somebody in the middle of signing in. */
export interface Pending {
  readonly account: Account;
  readonly progress: Progress;
  readonly factors: Factors;
  /** undefined: nothing. `first-factor`: what was proved is too old to set a factor up with. */
  readonly step: MissingStep | 'first-factor' | undefined;
  /** What is missing may be made up for by setting a factor up. */
  readonly mayEnrol: boolean;
}

/**
 * What was proved in this interaction, or by the session that is to be stepped up. Only reads. undefined: nobody has proved
 * anything, or there were too many wrong answers since.
 */
export async function findPending(context: InteractionsContext, visit: Visit): Promise<Pending | undefined> {
  const { db, clock } = context;
  const stored = await findProgress(db.knex, visit.interaction.uid, clock.now());
  const progress = stored ?? provedBefore(context, visit);
  if (progress === undefined || progress === 'exhausted') return undefined;
  const account = await findAccount(db.knex, progress.accountId);
  if (!account || account.disabledAt !== null) return undefined;
  return weigh(context, visit, account, progress, false);
}

/** The same where the step is taken on, so that wrong answers can be counted. */
export async function takeUpPending(
  context: InteractionsContext,
  visit: Visit,
): Promise<Pending | undefined> {
  const proved = provedBefore(context, visit);
  if (proved) await beginProgress(context.db.knex, visit.interaction.uid, proved);
  return findPending(context, visit);
}

export async function weigh(
  context: InteractionsContext,
  visit: Visit,
  account: Account,
  progress: Progress,
  isRemembered: boolean,
): Promise<Pending> {
  const { db, clock, config } = context;
  const { uid: binding, demand, uiLocales } = visit.interaction;
  const factors = await findFactors(db.knex, account.id);
  const owner = { accountId: account.id, binding };
  const hasDraft =
    progress.secondFactor !== undefined &&
    (await draftedCodes(factorContext(context, visit.ctx, uiLocales), owner)) !== undefined;
  const mustChangePassword = account.passwordChangeRequired;
  const proof = { progress, factors, demand, isRemembered, hasDraft, mustChangePassword };
  const freshSeconds = config.authentication.reauthenticationSeconds;
  const isAllowed = mayEnrol(proof, { now: clock.now(), freshSeconds });
  const step = missingStep(proof);
  return {
    account,
    progress,
    factors,
    mayEnrol: isAllowed,
    step: step === 'enrol' && !isAllowed ? 'first-factor' : step,
  };
}

function provedBefore({ clock }: InteractionsContext, { interaction }: Visit): Progress | undefined {
  const { stepUp } = interaction;
  if (!stepUp) return undefined;
  return {
    accountId: stepUp.accountId,
    amr: stepUp.amr,
    remember: stepUp.remember,
    // The session keeps the identity it was begun with.
    identityId: null,
    upstreamSid: null,
    provedAt: clock.now(),
    authenticatedAt: stepUp.authTime,
  };
}
