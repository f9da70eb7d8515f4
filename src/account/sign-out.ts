import { seeOther } from '../interactions/see-other.ts';
import { endSession } from '../revocation/end-sessions.ts';
import type { AccountContext, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';

/** The library's page for people who have signed out. */
export const SIGNED_OUT_PATH = '/session/end/success';

/** Ends the session of this browser, with its tokens; the clients that joined it are told. */
export async function endAndLeave(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, session } = visit;
  await endSession(context, { accountId: account.id, session: session.uid }, handOf(visit));
  context.sessions.forget(ctx);
  return seeOther(ctx, SIGNED_OUT_PATH);
}
