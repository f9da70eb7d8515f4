import type { EnrolProblem } from '../../views/locals/authenticators.ts';
import { addPasskey, passkeyCreation, preparePasskey } from '../authenticators/add-passkey.ts';
import { renamePasskey } from '../authenticators/remove-factor.ts';
import { AppError } from '../errors.ts';
import { httpError } from '../http/errors.ts';
import { factorContext } from '../interactions/factor-context.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { presentPerson } from '../interactions/present.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { leaveSecurity, leaveWithCodes, ownerOf, SECURITY_PATH, setUpPath } from './security-paths.ts';
import { showAccountPage } from './show-account-page.ts';

export async function beginPasskey(context: AccountContext, { ctx, account }: AccountVisit): Promise<void> {
  await preparePasskey(factorContext(context, ctx), account.id);
  return seeOther(ctx, setUpPath('passkey'));
}

export async function showPasskeySetUp(
  context: AccountContext,
  visit: AccountVisit,
  { name = '', problem }: { name?: string; problem?: EnrolProblem } = {},
): Promise<void> {
  const { name: displayName, identifier } = presentPerson(visit.account);
  const input = { ...ownerOf(visit), identifier, displayName };
  const options = await passkeyCreation(factorContext(context, visit.ctx), input);
  if (options === undefined) return seeOther(visit.ctx, SECURITY_PATH);
  const page = { options, name, problem };
  const status = problem === undefined ? 200 : 422;
  showAccountPage(context, visit, 'account-passkey', 'security', page, { status });
}

export async function addPasskeyHere(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { name = '', response: answer = '' } = fieldsOf(visit.ctx);
  const input = { ...ownerOf(visit), name, answer, onlyFirst: false, by: handOf(visit) };
  const added = await addPasskey(factorContext(context, visit.ctx), input).catch(nameRefused);
  if (added === 'nameInvalid') return showPasskeySetUp(context, visit, { name, problem: 'nameInvalid' });
  if (added.ok) return leaveWithCodes(context, visit);
  const problem = added.reason === 'taken' ? 'passkeyTaken' : 'passkeyRejected';
  return showPasskeySetUp(context, visit, { name, problem });
}

/** A name that is none leaves the old one. */
export async function renamePasskeyHere(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { name = '' } = fieldsOf(visit.ctx);
  const input = { accountId: visit.account.id, id: visit.item ?? '', name, by: handOf(visit) };
  const renamed = await renamePasskey(factorContext(context, visit.ctx), input).catch(nameRefused);
  if (renamed === 'nameInvalid') return seeOther(visit.ctx, SECURITY_PATH);
  if (!renamed) throw httpError('not_found', 'There is no such passkey.');
  return leaveSecurity(visit.ctx);
}

function nameRefused(error: unknown): 'nameInvalid' {
  if (error instanceof AppError && error.code === 'invalid_factor_name') return 'nameInvalid';
  throw error;
}
