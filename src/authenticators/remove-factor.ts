import type { Knex } from 'knex';

import { record } from '../audit/record.ts';
import type { By, FactorContext } from './context.ts';
import { deleteFactors, findFactors, lockHolder } from './factor-store.ts';
import { hasFactor } from './factors.ts';
import { checkFactorName } from './passkey.ts';
import { deletePasskey, renamePasskeyRow } from './passkey-store.ts';
import { replaceRecoveryCodes } from './recovery-store.ts';
import { deleteRememberedDevice, forgetDevices } from './remembered-device-store.ts';
import { deleteTotp } from './totp-store.ts';

export type FactorRemoval =
  { readonly ok: true } | { readonly ok: false; readonly reason: 'unknown' | 'required' };

type Context = Omit<FactorContext, 'seal' | 'secrets'>;

export function removePasskey(
  ctx: Context,
  { accountId, id, by }: { accountId: string; id: string; by: By },
): Promise<FactorRemoval> {
  return remove(ctx, accountId, by, async (tx) => {
    const name = await deletePasskey(tx, { id, accountId });
    if (name === undefined) return undefined;
    return {
      type: 'passkey.removed',
      detail: { passkeyId: id },
      told: { authenticator: 'passkey', label: name },
    };
  });
}

export function removeTotp(
  ctx: Context,
  { accountId, by }: { accountId: string; by: By },
): Promise<FactorRemoval> {
  return remove(ctx, accountId, by, async (tx) =>
    (await deleteTotp(tx, accountId))
      ? { type: 'totp.removed', detail: {}, told: { authenticator: 'totp' } }
      : undefined,
  );
}

interface Removed {
  readonly type: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly told: Readonly<Record<string, string>>;
}

/** Recovery codes go with the last factor they stand in for; the last one stays where everybody needs two. */
async function remove(
  { db, clock, config, tell }: Context,
  accountId: string,
  by: By,
  take: (tx: Knex.Transaction) => Promise<Removed | undefined>,
): Promise<FactorRemoval> {
  const now = clock.now();
  const trial = async (tx: Knex.Transaction): Promise<FactorRemoval> => {
    await lockHolder(tx, accountId);
    const removed = await take(tx);
    if (!removed) return { ok: false, reason: 'unknown' };
    const isLast = !hasFactor(await findFactors(tx, accountId));
    if (isLast && config.authentication.multiFactor === 'required') throw new LastFactorNeeded();
    if (isLast) await replaceRecoveryCodes(tx, { accountId, digests: [], now });
    await forgetDevices(tx, accountId);
    await record(tx, {
      occurredAt: now,
      type: removed.type,
      accountId,
      detail: removed.detail,
      reasons: ['second-factor-removed'],
      ...by,
    });
    await tell(tx, { kind: 'authenticator-removed', accountId, detail: removed.told });
    return { ok: true };
  };
  try {
    return await db.transaction(trial);
  } catch (error) {
    if (error instanceof LastFactorNeeded) return { ok: false, reason: 'required' };
    throw error;
  }
}

/** Rolls the transaction back. */
class LastFactorNeeded extends Error {}

/** Throws `invalid_factor_name` (400). False: it is not theirs. */
export async function renamePasskey(
  { db, clock }: Context,
  input: { accountId: string; id: string; name: string; by: By },
): Promise<boolean> {
  const { accountId, id, by } = input;
  const name = checkFactorName(input.name);
  return db.transaction(async (tx) => {
    if (!(await renamePasskeyRow(tx, { id, accountId, name }))) return false;
    const detail = { passkeyId: id };
    await record(tx, { occurredAt: clock.now(), type: 'passkey.renamed', accountId, detail, ...by });
    return true;
  });
}

/** From now on both factors are asked for there. False: it is not theirs. */
export async function forgetDevice(
  { db, clock }: Context,
  { accountId, id, by }: { accountId: string; id: string; by: By },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    if (!(await deleteRememberedDevice(tx, { id, accountId }))) return false;
    await record(tx, { occurredAt: clock.now(), type: 'remembered-device.removed', accountId, ...by });
    return true;
  });
}

/** For operators who help somebody that has lost all of it. Call it in their transaction. False: there was nothing. */
export async function removeFactorsWithin(tx: Knex.Transaction, accountId: string): Promise<boolean> {
  await lockHolder(tx, accountId);
  const had = hasFactor(await findFactors(tx, accountId));
  await deleteFactors(tx, accountId);
  return had;
}
