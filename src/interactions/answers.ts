import { checkCsrf } from '../http/csrf.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { seeOther } from './see-other.ts';

/** Back to the client with `access_denied`, whatever was being asked. */
export async function deny({ secrets }: InteractionsContext, visit: Visit): Promise<void> {
  checkCsrf(secrets, visit.ctx, visit.interaction.uid);
  seeOther(visit.ctx, await visit.interactions.deny(visit.ctx));
}

/** Goes on as whoever is signed in: the answer to `prompt=select_account`. It proves nothing and asks for no password. */
export async function keepAccount({ secrets }: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction, interactions } = visit;
  checkCsrf(secrets, ctx, interaction.uid);
  const isAsked = interaction.prompt === 'select_account' && interaction.account !== undefined;
  seeOther(ctx, isAsked ? await interactions.keepAccount(ctx) : `/interaction/${interaction.uid}`);
}
