import { record } from '../audit/record.ts';
import { deleteConsent } from '../grants/consent-store.ts';
import type { Hand } from './end-sessions.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';
import { hasGrants } from './store.ts';

/**
 * Takes back what a person allowed a client: it is forgotten, and whatever the client holds of them ends, in every session;
 * that they are signed in stays. A request of the client that is under way gets nothing that outlives this: its grant is made
 * under the consent's lock (grants/store.ts). undefined: the client holds nothing.
 */
export async function withdrawConsent(
  ctx: RevocationContext,
  { accountId, clientId }: { accountId: string; clientId: string },
  hand: Hand,
): Promise<Revoked | undefined> {
  return revoking(ctx, async (tx) => {
    const now = ctx.clock.now();
    const hadConsent = await deleteConsent(tx, { accountId, clientId });
    if (!hadConsent && !(await hasGrants(tx, { accountId, clientId, now }))) return undefined;
    await record(tx, { ...hand, occurredAt: now, type: 'consent.withdrawn', accountId, clientId });
    return revokeWithin(tx, ctx, { consentOf: accountId, clientId }, hand.actor);
  });
}
