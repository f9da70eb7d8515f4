import { randomBytes } from 'node:crypto';

import { record } from '../audit/record.ts';
import { newId } from '../crypto/ids.ts';
import type { By, FactorContext } from './context.ts';
import { ensureHolder, findFactors, lockHolder } from './factor-store.ts';
import { hasFactor } from './factors.ts';
import { forgetDevices } from './remembered-device-store.ts';
import { base32, findStep, TOTP_SECRET_BYTES, totpUri } from './totp.ts';
import { confirmTotpRow, deleteTotp, findPendingTotp, insertPendingTotp, totpContext } from './totp-store.ts';

/** Time to find or install an app. */
const SETUP_TTL_SECONDS = 900;

export interface TotpOwner {
  readonly accountId: string;
  /** The interaction or session in which it is set up. */
  readonly binding: string;
}

/** Draws a secret, to be shown with {@link pendingTotp} and to count once a code of it was typed. */
export async function beginTotp(ctx: FactorContext, { accountId, binding }: TotpOwner): Promise<void> {
  const { db, clock, seal } = ctx;
  const now = clock.now();
  const id = newId('otp');
  await ensureHolder(db.knex, accountId, now);
  await db.transaction((tx) =>
    insertPendingTotp(tx, {
      id,
      accountId,
      secret: seal.seal(randomBytes(TOTP_SECRET_BYTES), totpContext(id)),
      name: '',
      binding,
      now,
      expiresAt: new Date(now.getTime() + SETUP_TTL_SECONDS * 1000),
    }),
  );
}

export interface PendingTotp {
  /** In groups of four, for typing. */
  readonly secret: string;
  /** For the QR code. */
  readonly uri: string;
}

/** undefined: nothing was begun there, or it took too long. */
export async function pendingTotp(
  { db, clock, seal, config }: FactorContext,
  { accountId, binding, identifier }: TotpOwner & { identifier: string },
): Promise<PendingTotp | undefined> {
  const totp = await findPendingTotp(db.knex, { accountId, binding, now: clock.now() });
  if (!totp) return undefined;
  const secret = seal.open(totp.secret, totpContext(totp.id));
  return {
    secret: (base32(secret).match(/.{1,4}/g) ?? []).join(' '),
    uri: totpUri({ secret, issuer: config.brand.name, account: identifier }),
  };
}

export type TotpConfirmation =
  { readonly ok: true } | { readonly ok: false; readonly reason: 'wrong' | 'gone' | 'not-first' };

/**
 * Takes the place of the one the person has, if any. `onlyFirst`: the person proved no factor of theirs, so they must have
 * none; decided in the transaction, because somebody else may be adding one.
 */
export async function confirmTotp(
  ctx: FactorContext,
  input: TotpOwner & { code: string; name: string; onlyFirst: boolean; by: By },
): Promise<TotpConfirmation> {
  const { db, clock, seal, tell } = ctx;
  const { accountId, binding, code, name, onlyFirst, by } = input;
  const now = clock.now();
  return db.transaction(async (tx) => {
    await lockHolder(tx, accountId);
    const totp = await findPendingTotp(tx, { accountId, binding, now });
    if (!totp) return { ok: false, reason: 'gone' };
    const step = findStep(seal.open(totp.secret, totpContext(totp.id)), code, now);
    if (step === undefined) return { ok: false, reason: 'wrong' };
    if (onlyFirst && hasFactor(await findFactors(tx, accountId))) return { ok: false, reason: 'not-first' };
    const replaced = await deleteTotp(tx, accountId);
    if (!(await confirmTotpRow(tx, { id: totp.id, step, name, now }))) return { ok: false, reason: 'gone' };
    await forgetDevices(tx, accountId);
    const detail = { totpId: totp.id, replaced };
    await record(tx, { occurredAt: now, type: 'totp.added', accountId, detail, ...by });
    await tell(tx, { kind: 'authenticator-added', accountId, detail: { authenticator: 'totp' } });
    return { ok: true };
  });
}
