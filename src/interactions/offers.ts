import type { SignInOffers } from '../../views/locals/core.ts';
import { passkeySignIn } from '../authenticators/use-passkey.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { hasMail } from './order-mail.ts';
import { mayRegister } from './register.ts';

/** What the sign-in page offers beside the password. */
export async function offersOf(context: InteractionsContext, visit: Visit): Promise<SignInOffers> {
  return {
    passkeyOptions: await passkeySignIn(context, visit.interaction.uid),
    upstreams: [],
    mayRegister: mayRegister(context.config),
    mayReset: hasMail(context.config),
  };
}
