import type { SignInOffers } from '../../views/locals/core.ts';
import type { InteractionsContext, Visit } from './context.ts';

/** What the sign-in page offers beside the password. */
export async function offersOf(_context: InteractionsContext, _visit: Visit): Promise<SignInOffers> {
  return { passkeyOptions: undefined, upstreams: [], mayRegister: false, mayReset: false };
}
