import { z } from 'zod';

import { record } from '../audit/record.ts';
import type { By, FactorContext } from './context.ts';
import { lockHolder } from './factor-store.ts';
import { drawRecoveryCode, RECOVERY_CODES, recoveryDigest } from './recovery-code.ts';
import { draftContext, findDraft, replaceRecoveryCodes, saveDraft, takeDraft } from './recovery-store.ts';

/** Time to print ten codes or copy them. */
const DRAFT_TTL_SECONDS = 900;

interface DraftOwner {
  readonly accountId: string;
  /** The interaction or session in which they are shown. */
  readonly binding: string;
}

/**
 * Draws codes and keeps them, sealed, until the person says that they have them; only then do they take the place of the
 * present ones. Whoever loses the page on the way has lost nothing.
 */
export async function draftRecoveryCodes(
  { db, clock, seal }: FactorContext,
  { accountId, binding }: DraftOwner,
): Promise<void> {
  const codes = new Set<string>();
  while (codes.size < RECOVERY_CODES) codes.add(drawRecoveryCode());
  await saveDraft(db.knex, {
    binding,
    accountId,
    codes: seal.seal(Buffer.from(JSON.stringify([...codes])), draftContext(binding)),
    expiresAt: new Date(clock.now().getTime() + DRAFT_TTL_SECONDS * 1000),
  });
}

/** The codes to show; undefined when none are waiting there. */
export async function draftedCodes(
  { db, clock, seal }: FactorContext,
  { accountId, binding }: DraftOwner,
): Promise<readonly string[] | undefined> {
  const sealed = await findDraft(db.knex, { accountId, binding, now: clock.now() });
  return sealed && open({ seal }, binding, sealed);
}

/** The person has them: from now on these count, and no others. False: none are waiting there. */
export async function keepRecoveryCodes(
  ctx: FactorContext,
  { accountId, binding, by }: DraftOwner & { by: By },
): Promise<boolean> {
  const { db, clock, secrets, tell } = ctx;
  const now = clock.now();
  return db.transaction(async (tx) => {
    await lockHolder(tx, accountId);
    const sealed = await takeDraft(tx, { accountId, binding, now });
    if (!sealed) return false;
    const digests = open(ctx, binding, sealed).map((code) => recoveryDigest(secrets, accountId, code));
    await replaceRecoveryCodes(tx, { accountId, digests, now });
    await record(tx, { occurredAt: now, type: 'recovery-codes.made', accountId, ...by });
    await tell(tx, { kind: 'recovery-codes-made', accountId, detail: {} });
    return true;
  });
}

const stored = z.array(z.string());

function open({ seal }: Pick<FactorContext, 'seal'>, binding: string, sealed: Buffer): readonly string[] {
  return stored.parse(JSON.parse(seal.open(sealed, draftContext(binding)).toString()));
}
