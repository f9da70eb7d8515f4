import type { SignInOffers } from '../../views/locals/core.ts';
import { passkeySignIn } from '../authenticators/use-passkey.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { hasMail } from './order-mail.ts';
import { mayRegister } from './register.ts';
import type { ConnectingIdentity } from '../../views/locals/upstream.ts';
import { isRedirected } from '../upstream/ask.ts';
import { findWaiting } from '../upstream/request-store.ts';
import { openWaiting } from '../upstream/request.ts';
import { displayName } from './present.ts';

/** What the sign-in page offers beside the password. */
export async function offersOf(context: InteractionsContext, visit: Visit): Promise<SignInOffers> {
  return {
    passkeyOptions: await passkeySignIn(context, visit.interaction.uid),
    ...(await upstreamOffers(context, visit)),
    mayRegister: mayRegister(context.config),
    mayReset: hasMail(context.config),
  };
}

/** The providers with a button; while somebody of one of them waits to be connected, that one has none. */
async function upstreamOffers(
  { db, clock, seal, identityProviders }: InteractionsContext,
  { interaction }: Visit,
): Promise<Pick<SignInOffers, 'upstreams' | 'connecting'>> {
  const providers = await identityProviders.all();
  if (providers.length === 0) return { upstreams: [], connecting: undefined };
  const origin = { purpose: 'sign-in', interactionUid: interaction.uid } as const;
  const waiting = await findWaiting(db.knex, origin, clock.now());
  const waitsFor = providers.find(({ id }) => id === waiting?.providerId);
  const connecting =
    waiting && waitsFor && present(waitsFor.name, openWaiting(seal, waiting.digest, waiting.identity));
  const shown = providers.filter((one) => one.hasButton && isRedirected(one) && one !== waitsFor);
  return { upstreams: shown.map(({ slug, name }) => ({ slug, name })), connecting };
}

function present(
  provider: string,
  { label, collides }: { label: string | null; collides: boolean },
): ConnectingIdentity {
  return { provider, label: label === null ? undefined : displayName(label), collides };
}
