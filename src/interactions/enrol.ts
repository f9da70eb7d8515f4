import { z } from 'zod';

import type { EnrolProblem } from '../../views/locals/authenticators.ts';
import { addPasskey, passkeyCreation, preparePasskey } from '../authenticators/add-passkey.ts';
import {
  draftedCodes,
  draftRecoveryCodes,
  keepRecoveryCodes,
} from '../authenticators/make-recovery-codes.ts';
import { amrOf } from '../authenticators/passkey.ts';
import type { Progress } from '../authenticators/progress.ts';
import { qrCode } from '../authenticators/qr.ts';
import { beginTotp, confirmTotp, pendingTotp } from '../authenticators/set-up-totp.ts';
import { AppError } from '../errors.ts';
import type { Answer, InteractionsContext, Steps, Visit } from './context.ts';
import { byPerson, factorContext } from './factor-context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { findPending, takeUpPending, type Pending } from './pending.ts';
import { presentPerson } from './present.ts';
import { proceed, withProof } from './proceed.ts';
import { seeOther } from './see-other.ts';
import { showStep } from './step-page.ts';

/**
 * A factor set up in the middle of signing in, because one is demanded and the person has none (or none that is strong
 * enough). Who may do so is decided by `mayEnrol` at every step, and once more in the transaction that adds it.
 */
export const enrolmentSteps = {
  enrol: { get: enrolling(showChoice), post: enrolling(submitChoice) },
  'enrol-passkey': { get: enrolling(showPasskey), post: enrolling(submitPasskey) },
  'enrol-totp': { get: enrolling(showTotp), post: enrolling(submitTotp) },
  'recovery-codes': { get: showCodes, post: submitCodes },
} satisfies Steps;

type PendingAnswer = (context: InteractionsContext, visit: Visit, pending: Pending) => Promise<void>;

function enrolling(answer: PendingAnswer): Answer {
  return async (context, visit) => {
    const find = visit.ctx.method === 'POST' ? takeUpPending : findPending;
    const pending = await find(context, visit);
    return pending?.mayEnrol ? answer(context, visit, pending) : seeOther(visit.ctx, pathTo(visit));
  };
}

const choiceForm = z.object({ method: z.enum(['passkey', 'totp']).optional() });

async function showChoice(context: InteractionsContext, visit: Visit, pending: Pending): Promise<void> {
  return showChoicePage(context, visit, pending);
}

async function submitChoice(context: InteractionsContext, visit: Visit, pending: Pending): Promise<void> {
  if (!isOurForm(context, visit)) return showChoicePage(context, visit, pending, 'stale');
  const { method } = choiceForm.safeParse(fieldsOf(visit.ctx)).data ?? {};
  const factors = factorsOf(context, visit);
  const owner = ownerOf(visit, pending);
  if (method === 'passkey') await preparePasskey(factors, owner.accountId);
  else if (method === 'totp' && takesTotp(visit)) await beginTotp(factors, owner);
  else return seeOther(visit.ctx, pathTo(visit, 'enrol'));
  return seeOther(visit.ctx, pathTo(visit, `enrol-${method}`));
}

function showChoicePage(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  problem?: EnrolProblem,
): void {
  const page = { takesTotp: takesTotp(visit), problem };
  showStep(context, visit, pending, 'enrol', page, problem ? 403 : 200);
}

const passkeyForm = z.object({ name: z.string().default(''), response: z.string().default('') });

async function showPasskey(context: InteractionsContext, visit: Visit, pending: Pending): Promise<void> {
  return showPasskeyPage(context, visit, pending, '');
}

async function submitPasskey(context: InteractionsContext, visit: Visit, pending: Pending): Promise<void> {
  const { name, response: answer } = passkeyForm.parse(fieldsOf(visit.ctx));
  const refuse = (problem: EnrolProblem) => showPasskeyPage(context, visit, pending, name, problem);
  if (!isOurForm(context, visit)) return refuse('stale');
  const owner = ownerOf(visit, pending);
  const by = byPerson(visit.ctx, owner.accountId);
  const onlyFirst = pending.progress.secondFactor === undefined;
  const input = { ...owner, name, answer, onlyFirst, by };
  const added = await addPasskey(factorsOf(context, visit), input).catch(nameRefused);
  if (added === 'nameInvalid') return refuse('nameInvalid');
  if (added.ok) {
    const amr = [amrOf(added.passkey), 'user', 'mfa'];
    return goOn(context, visit, pending, { amr, secondFactor: 'passkey' });
  }
  if (added.reason === 'not-first') return seeOther(visit.ctx, pathTo(visit));
  return refuse(added.reason === 'taken' ? 'passkeyTaken' : 'passkeyRejected');
}

async function showPasskeyPage(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  name: string,
  problem?: EnrolProblem,
): Promise<void> {
  const { name: displayName, identifier } = presentPerson(pending.account);
  const owner = ownerOf(visit, pending);
  const options = await passkeyCreation(factorsOf(context, visit), { ...owner, identifier, displayName });
  if (options === undefined) return seeOther(visit.ctx, pathTo(visit, 'enrol'));
  showStep(context, visit, pending, 'enrol-passkey', { options, name, problem }, statusOf(problem));
}

const totpForm = z.object({ code: z.string().default('') });

async function showTotp(context: InteractionsContext, visit: Visit, pending: Pending): Promise<void> {
  return showTotpPage(context, visit, pending);
}

async function submitTotp(context: InteractionsContext, visit: Visit, pending: Pending): Promise<void> {
  const code = totpForm.parse(fieldsOf(visit.ctx)).code.replaceAll(/\s/g, '');
  if (!isOurForm(context, visit)) return showTotpPage(context, visit, pending, 'stale');
  if (code === '') return showTotpPage(context, visit, pending, 'codeMissing');
  const owner = ownerOf(visit, pending);
  const by = byPerson(visit.ctx, owner.accountId);
  const onlyFirst = pending.progress.secondFactor === undefined;
  const confirmed = await confirmTotp(factorsOf(context, visit), { ...owner, code, name: '', onlyFirst, by });
  if (confirmed.ok) return goOn(context, visit, pending, { amr: ['otp', 'mfa'], secondFactor: 'totp' });
  if (confirmed.reason === 'wrong') return showTotpPage(context, visit, pending, 'codeRejected');
  return seeOther(visit.ctx, pathTo(visit));
}

async function showTotpPage(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  problem?: EnrolProblem,
): Promise<void> {
  const { identifier } = presentPerson(pending.account);
  const totp = await pendingTotp(factorsOf(context, visit), { ...ownerOf(visit, pending), identifier });
  if (!totp || !takesTotp(visit)) return seeOther(visit.ctx, pathTo(visit, 'enrol'));
  const page = { qr: qrCode(totp.uri), secret: totp.secret, problem };
  showStep(context, visit, pending, 'enrol-totp', page, statusOf(problem));
}

/** The factor is there; whoever has no recovery codes is given some before they go on. */
async function goOn(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  proof: Pick<Progress, 'amr' | 'secondFactor'>,
): Promise<void> {
  if (pending.factors.recoveryCodes === 0) {
    await draftRecoveryCodes(factorsOf(context, visit), ownerOf(visit, pending));
  }
  const progress = withProof(pending.progress, proof, context.clock.now());
  return proceed(context, visit, progress, pending.account);
}

async function showCodes(context: InteractionsContext, visit: Visit): Promise<void> {
  const pending = await findPending(context, visit);
  if (pending?.step !== 'recovery-codes') return seeOther(visit.ctx, pathTo(visit));
  const codes = await draftedCodes(factorsOf(context, visit), ownerOf(visit, pending));
  showStep(context, visit, pending, 'recovery-codes', { codes: codes ?? [], problem: undefined });
}

async function submitCodes(context: InteractionsContext, visit: Visit): Promise<void> {
  const pending = await findPending(context, visit);
  if (pending?.step !== 'recovery-codes') return seeOther(visit.ctx, pathTo(visit));
  const factors = factorsOf(context, visit);
  const owner = ownerOf(visit, pending);
  const { kept = '' } = fieldsOf(visit.ctx);
  const isOurs = isOurForm(context, visit);
  if (!isOurs || kept === '') {
    const codes = (await draftedCodes(factors, owner)) ?? [];
    const problem = isOurs ? 'notKept' : 'stale';
    return showStep(context, visit, pending, 'recovery-codes', { codes, problem }, statusOf(problem));
  }
  await keepRecoveryCodes(factors, { ...owner, by: byPerson(visit.ctx, owner.accountId) });
  return proceed(context, visit, pending.progress, pending.account);
}

function takesTotp({ interaction }: Visit): boolean {
  return interaction.demand.required !== 'phishing-resistant';
}

function factorsOf(context: InteractionsContext, { ctx, interaction }: Visit) {
  return factorContext(context, ctx, interaction.uiLocales);
}

function ownerOf({ interaction }: Visit, { account }: Pending) {
  return { accountId: account.id, binding: interaction.uid };
}

function statusOf(problem: EnrolProblem | undefined): number {
  if (problem === undefined) return 200;
  return problem === 'stale' ? 403 : 422;
}

function nameRefused(error: unknown): 'nameInvalid' {
  if (error instanceof AppError && error.code === 'invalid_factor_name') return 'nameInvalid';
  throw error;
}

function pathTo({ interaction }: Visit, step?: string): string {
  return step === undefined ? `/interaction/${interaction.uid}` : `/interaction/${interaction.uid}/${step}`;
}
