import type { Context } from 'koa';

import { findFactors } from '../authenticators/factor-store.ts';
import { draftRecoveryCodes } from '../authenticators/make-recovery-codes.ts';
import { factorContext } from '../interactions/factor-context.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountVisit } from './context.ts';
import { leaveNotice } from './notice.ts';

export const SECURITY_PATH = '/account/security';

export function setUpPath(what: 'passkey' | 'totp' | 'recovery-codes'): string {
  return `${SECURITY_PATH}?set-up=${what}`;
}

/** In which session, and whose: what is being set up belongs to both. */
export function ownerOf({ account, session }: AccountVisit) {
  return { accountId: account.id, binding: session.uid };
}

/** Something was changed. */
export function leaveSecurity(ctx: Context): void {
  leaveNotice(ctx, { kind: 'saved' });
  return seeOther(ctx, SECURITY_PATH);
}

/** A factor was added; whoever has no recovery codes is given some. */
export async function leaveWithCodes(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { recoveryCodes } = await findFactors(context.db.knex, visit.account.id);
  if (recoveryCodes > 0) return leaveSecurity(visit.ctx);
  await draftRecoveryCodes(factorContext(context, visit.ctx), ownerOf(visit));
  return seeOther(visit.ctx, setUpPath('recovery-codes'));
}
