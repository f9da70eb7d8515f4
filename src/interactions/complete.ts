import { acrOf } from '../authenticators/acr.ts';
import type { Progress } from '../authenticators/progress.ts';
import { rememberDevice } from '../http/device-cookie.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { recordSignIn } from './record-sign-in.ts';
import { seeOther } from './see-other.ts';

/** Everything is proved: the browser is known from now on, and the person goes back to the client. */
export async function completeSignIn(
  context: InteractionsContext,
  visit: Visit,
  { accountId, amr, remember, identityId, upstreamSid, authenticatedAt }: Progress,
): Promise<void> {
  const { ctx, interaction, interactions } = visit;
  await recordSignIn(context, visit, { accountId, amr });
  rememberDevice(context.secrets, ctx, accountId);
  const acr = acrOf(amr);
  const result = { accountId, amr, acr, remember, identityId, upstreamSid, authTime: authenticatedAt };
  seeOther(ctx, await interactions.signIn(ctx, { ...result, provedIn: interaction.uid }));
}
