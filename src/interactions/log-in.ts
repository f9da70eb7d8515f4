import type { InteractionsContext, Visit } from './context.ts';
import { findPending } from './pending.ts';
import { seeOther } from './see-other.ts';
import { showSignIn } from './sign-in-page.ts';

/** The prompt `login`: the first factor, or what is missing after it. `?account=other` always begins with the first. */
export async function showLogin(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const pending = await findPending(context, visit);
  if (pending?.step === undefined || pending.step === 'first-factor') return showSignIn(context, visit);
  return seeOther(ctx, `/interaction/${interaction.uid}/${pending.step}`);
}
