import type { EnrolProblem } from '../../views/locals/authenticators.ts';
import { qrCode } from '../authenticators/qr.ts';
import { beginTotp, confirmTotp, pendingTotp } from '../authenticators/set-up-totp.ts';
import { factorContext } from '../interactions/factor-context.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { presentPerson } from '../interactions/present.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { leaveWithCodes, ownerOf, SECURITY_PATH, setUpPath } from './security-paths.ts';
import { showAccountPage } from './show-account-page.ts';

export async function beginTotpHere(context: AccountContext, visit: AccountVisit): Promise<void> {
  await beginTotp(factorContext(context, visit.ctx), ownerOf(visit));
  return seeOther(visit.ctx, setUpPath('totp'));
}

export async function showTotpSetUp(
  context: AccountContext,
  visit: AccountVisit,
  problem?: EnrolProblem,
): Promise<void> {
  const { identifier } = presentPerson(visit.account);
  const totp = await pendingTotp(factorContext(context, visit.ctx), { ...ownerOf(visit), identifier });
  if (!totp) return seeOther(visit.ctx, SECURITY_PATH);
  const page = { qr: qrCode(totp.uri), secret: totp.secret, problem };
  const status = problem === undefined ? 200 : 422;
  showAccountPage(context, visit, 'account-totp', 'security', page, { status });
}

export async function confirmTotpHere(context: AccountContext, visit: AccountVisit): Promise<void> {
  const code = (fieldsOf(visit.ctx)['code'] ?? '').replaceAll(/\s/g, '');
  if (code === '') return showTotpSetUp(context, visit, 'codeMissing');
  const input = { ...ownerOf(visit), code, name: '', onlyFirst: false, by: handOf(visit) };
  const confirmed = await confirmTotp(factorContext(context, visit.ctx), input);
  if (confirmed.ok) return leaveWithCodes(context, visit);
  if (confirmed.reason === 'wrong') return showTotpSetUp(context, visit, 'codeRejected');
  return seeOther(visit.ctx, SECURITY_PATH);
}
