import type { Account } from '../accounts/account.ts';
import { lockAccount } from '../accounts/store.ts';
import type { Progress } from '../authenticators/progress.ts';
import { deleteProgress, saveProgress } from '../authenticators/progress-store.ts';
import { isIdentityUsable } from '../upstream/identity-store.ts';
import { completeSignIn } from './complete.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { weigh } from './pending.ts';
import { isSecondFactorRemembered } from './remembered-device.ts';
import { seeOther } from './see-other.ts';
import { asksToConnect } from './upstream-connect.ts';
import { showUpstreamProblem } from './upstream-problem.ts';

/**
 * Something was proved: goes on to what is still missing, or back to the client. Every way of signing in ends here, so that
 * no way leads past a factor. `account`: whose it is, as it was before the proof was checked.
 */
export async function proceed(
  context: InteractionsContext,
  visit: Visit,
  progress: Progress,
  account: Account,
): Promise<void> {
  const { ctx, interaction } = visit;
  // The provider may have been disabled between the first factor and the last.
  const { identityId } = progress;
  if (identityId !== null && !(await isIdentityUsable(context.db.knex, identityId))) {
    await deleteProgress(context.db.knex, interaction.uid);
    return showUpstreamProblem(context, visit, { reason: 'gone', accountId: account.id });
  }
  const isRemembered = await isSecondFactorRemembered(context, ctx, account.id);
  const { step } = await weigh(context, visit, account, progress, isRemembered);
  if (step === 'first-factor') return seeOther(ctx, `/interaction/${interaction.uid}`);
  if (!(await keep(context, visit, progress, account)))
    return seeOther(ctx, `/interaction/${interaction.uid}`);
  if (step !== undefined) return seeOther(ctx, `/interaction/${interaction.uid}/${step}`);
  if (await asksToConnect(context, visit, progress)) return;
  return completeSignIn(context, visit, progress);
}

/**
 * Stays until it expires, also after everything was proved: whatever ends the person's sessions takes it away, and with it the
 * session that is yet to begin. False: meanwhile the account was disabled or its password changed, by somebody who held the
 * same lock.
 */
async function keep(
  { db }: InteractionsContext,
  { interaction }: Visit,
  progress: Progress,
  before: Account,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const account = await lockAccount(tx, progress.accountId);
    if (!account || account.disabledAt !== null) return false;
    if (account.passwordChangedAt?.getTime() !== before.passwordChangedAt?.getTime()) return false;
    await saveProgress(tx, interaction.uid, progress);
    return true;
  });
}

/** With one more proof. */
export function withProof(
  progress: Progress,
  proof: Pick<Progress, 'amr' | 'secondFactor'>,
  now: Date,
): Progress {
  return {
    ...progress,
    amr: [...new Set([...progress.amr, ...proof.amr])],
    secondFactor: proof.secondFactor,
    provedAt: now,
  };
}
