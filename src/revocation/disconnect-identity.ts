import type { Knex } from 'knex';

import type { Account } from '../accounts/account.ts';
import { lockAccount } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { listPasskeys } from '../authenticators/passkey-store.ts';
import { queueNotice, type NoticeFacts } from '../mail/queue-notice.ts';
import { countUsableIdentities, deleteIdentity, listIdentities } from '../upstream/identity-store.ts';
import { findProvider } from '../upstream/store.ts';
import { takeProviderRoles } from './sync-provider-roles.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

export type Disconnected =
  | { readonly ok: true; readonly revoked: Revoked }
  | { readonly ok: false; readonly reason: 'gone' }
  | { readonly ok: false; readonly reason: 'last'; readonly provider: string };

export interface Disconnection {
  readonly account: Account;
  readonly identityId: string;
  /** Of the page that it was done on, if it was done on one. */
  readonly language?: NoticeFacts['language'];
  readonly actor: Actor;
  /** Only for operators, who can let the person in another way. */
  readonly mayBeLast?: boolean;
}

/**
 * Takes a connected identity away, with the sessions and tokens of whoever came through it, and writes to the person. Not the
 * last way in, which the person could not undo, unless `mayBeLast`.
 */
export async function disconnectIdentity(
  ctx: RevocationContext,
  { account, identityId, language, actor, mayBeLast = false }: Disconnection,
): Promise<Disconnected> {
  return revoking(ctx, async (tx) => {
    const now = ctx.clock.now();
    // The lock is the account's: two at once must not take the last two.
    await lockAccount(tx, account.id);
    const identity = (await listIdentities(tx, account.id)).find(({ id }) => id === identityId);
    const provider = identity && (await findProvider(tx, identity.providerId));
    if (!provider) return { ok: false, reason: 'gone' };
    const others = (await countUsableIdentities(tx, account.id)) - (provider.disabledAt === null ? 1 : 0);
    const hasAnother = account.hasPassword || others > 0 || (await listPasskeys(tx, account.id)).length > 0;
    if (!hasAnother && !mayBeLast) return { ok: false, reason: 'last', provider: provider.name };
    // First, so that a sign-in with it that is being completed ends here or is refused.
    await deleteIdentity(tx, { id: identityId, accountId: account.id });
    const detail = { identityId, provider: provider.slug };
    await record(tx, { occurredAt: now, type: 'identity.unlinked', actor, accountId: account.id, detail });
    const facts = { language, detail: { provider: provider.name } };
    await queueNotice(tx, 'identity-unlinked', account, facts, now);
    const ofRoles = await takeRoles(tx, ctx, { account, provider, actor });
    const { tokens, knownBy } = await revokeWithin(tx, ctx, { identity: identityId }, actor);
    return { ok: true, revoked: { tokens: tokens + ofRoles, knownBy } };
  });
}

/** Unless the person has another identity of the same provider, which goes on vouching for them. */
async function takeRoles(
  tx: Knex.Transaction,
  ctx: RevocationContext,
  { account, provider, actor }: { account: Account; provider: { readonly id: string }; actor: Actor },
): Promise<number> {
  const left = await listIdentities(tx, account.id);
  if (left.some(({ providerId }) => providerId === provider.id)) return 0;
  return takeProviderRoles(tx, ctx, { providerId: provider.id, accountId: account.id, actor });
}
