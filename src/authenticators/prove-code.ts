import type { Knex } from 'knex';

import { record } from '../audit/record.ts';
import type { By, FactorContext } from './context.ts';
import { findFactors } from './factor-store.ts';
import { countGuess, GUESSES_MAX, lockGuesses, uncountGuess } from './guess-store.ts';
import { readRecoveryCode, recoveryDigests } from './recovery-code.ts';
import { spendRecoveryCode } from './recovery-store.ts';
import { findStep, TOTP_DIGITS } from './totp.ts';
import { findTotp, spendStep, totpContext } from './totp-store.ts';

export type CodeProof =
  | { readonly ok: true; readonly factor: 'totp' | 'recovery-code' }
  | { readonly ok: false; readonly reason: 'wrong' | 'locked' };

/**
 * A one-time code or a recovery code, each good once. One transaction that begins with the count of the person's guesses:
 * whoever guesses on many processes at once gets no more of them than anybody else.
 */
export async function proveCode(
  ctx: FactorContext,
  { accountId, typed, by }: { accountId: string; typed: string; by: By },
): Promise<CodeProof> {
  const { db, clock, tell } = ctx;
  const now = clock.now();
  return db.transaction(async (tx) => {
    const guesses = await countGuess(tx, accountId, now);
    if (guesses === undefined) return { ok: false, reason: 'locked' };
    const factor = await spend(tx, ctx, accountId, typed);
    if (factor) {
      await uncountGuess(tx, accountId);
      await record(tx, {
        occurredAt: now,
        type: `${factor}.used`,
        accountId,
        reasons: factor === 'recovery-code' ? ['recovery-code-used'] : [],
        ...by,
      });
      if (factor === 'recovery-code') await tellOfRecovery(tx, ctx, accountId);
      return { ok: true, factor };
    }
    const detail = { guesses };
    const reasons = ['wrong-second-factor'] as const;
    await record(tx, { occurredAt: now, type: 'second-factor.failed', accountId, detail, reasons, ...by });
    if (guesses < GUESSES_MAX) return { ok: false, reason: 'wrong' };
    await lockGuesses(tx, accountId, now);
    await record(tx, {
      occurredAt: now,
      type: 'second-factor.locked',
      accountId,
      reasons: ['guessing'],
      ...by,
    });
    await tell(tx, { kind: 'second-factor-locked', accountId, detail: {} });
    return { ok: false, reason: 'locked' };
  });
}

async function spend(
  tx: Knex.Transaction,
  { clock, seal, secrets }: FactorContext,
  accountId: string,
  typed: string,
): Promise<'totp' | 'recovery-code' | undefined> {
  const now = clock.now();
  const digits = typed.replaceAll(/\s/g, '');
  if (digits.length === TOTP_DIGITS) {
    const totp = await findTotp(tx, accountId);
    const step = totp && findStep(seal.open(totp.secret, totpContext(totp.id)), digits, now);
    if (!totp || step === undefined) return undefined;
    return (await spendStep(tx, { id: totp.id, step, now })) ? 'totp' : undefined;
  }
  const code = readRecoveryCode(typed);
  if (code === undefined) return undefined;
  const digests = recoveryDigests(secrets, accountId, code);
  return (await spendRecoveryCode(tx, { accountId, digests, now })) ? 'recovery-code' : undefined;
}

async function tellOfRecovery(
  tx: Knex.Transaction,
  { tell }: FactorContext,
  accountId: string,
): Promise<void> {
  const { recoveryCodes } = await findFactors(tx, accountId);
  const detail = { left: String(recoveryCodes) };
  await tell(tx, { kind: 'recovery-code-used', accountId, detail });
}
