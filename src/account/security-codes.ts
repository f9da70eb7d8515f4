import type { EnrolProblem } from '../../views/locals/authenticators.ts';
import { findFactors } from '../authenticators/factor-store.ts';
import { hasFactor } from '../authenticators/factors.ts';
import {
  draftedCodes,
  draftRecoveryCodes,
  keepRecoveryCodes,
} from '../authenticators/make-recovery-codes.ts';
import { factorContext } from '../interactions/factor-context.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { leaveSecurity, ownerOf, SECURITY_PATH, setUpPath } from './security-paths.ts';
import { showAccountPage } from './show-account-page.ts';

/** Codes stand in for a factor; without one they would be a way in of their own. */
export async function beginCodes(context: AccountContext, visit: AccountVisit): Promise<void> {
  if (!hasFactor(await findFactors(context.db.knex, visit.account.id)))
    return seeOther(visit.ctx, SECURITY_PATH);
  await draftRecoveryCodes(factorContext(context, visit.ctx), ownerOf(visit));
  return seeOther(visit.ctx, setUpPath('recovery-codes'));
}

export async function showCodes(
  context: AccountContext,
  visit: AccountVisit,
  problem?: EnrolProblem,
): Promise<void> {
  const codes = await draftedCodes(factorContext(context, visit.ctx), ownerOf(visit));
  if (!codes) return seeOther(visit.ctx, SECURITY_PATH);
  const status = problem === undefined ? 200 : 422;
  showAccountPage(context, visit, 'account-recovery-codes', 'security', { codes, problem }, { status });
}

export async function keepCodesHere(context: AccountContext, visit: AccountVisit): Promise<void> {
  if ((fieldsOf(visit.ctx)['kept'] ?? '') === '') return showCodes(context, visit, 'notKept');
  const kept = await keepRecoveryCodes(factorContext(context, visit.ctx), {
    ...ownerOf(visit),
    by: handOf(visit),
  });
  return kept ? leaveSecurity(visit.ctx) : seeOther(visit.ctx, SECURITY_PATH);
}
