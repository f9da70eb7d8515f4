import type { Account } from '../accounts/account.ts';
import { record } from '../audit/record.ts';
import { listPasskeys } from '../authenticators/passkey-store.ts';
import type { NewMail } from '../mail/mail.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { countUsableIdentities, deleteIdentity } from '../upstream/identity-store.ts';
import { findProvider } from '../upstream/store.ts';
import { revokeWithin, revoking, type RevocationContext } from './revoke.ts';

export type Disconnected =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'gone' }
  | { readonly ok: false; readonly reason: 'last'; readonly provider: string };

/**
 * Takes a connected identity away, with the sessions and tokens of whoever came through it, and writes to the person. Not the
 * last way in: nobody could undo that.
 */
export async function disconnectIdentity(
  ctx: RevocationContext,
  { account, identityId, language }: { account: Account; identityId: string; language: NewMail['language'] },
): Promise<Disconnected> {
  return revoking(ctx, async (tx) => {
    const now = ctx.clock.now();
    const actor = `account:${account.id}`;
    // The lock is the account's: two at once must not take the last two.
    await tx('accounts').where({ id: account.id }).forUpdate().first('id');
    const [row]: { id: string; provider_id: string }[] = await tx('identities')
      .select('id', 'provider_id')
      .where({ id: identityId, account_id: account.id });
    const provider = row && (await findProvider(tx, row.provider_id));
    if (!row || !provider) return { ok: false, reason: 'gone' };
    const others = (await countUsableIdentities(tx, account.id)) - (provider.disabledAt === null ? 1 : 0);
    const hasAnother = account.hasPassword || others > 0 || (await listPasskeys(tx, account.id)).length > 0;
    if (!hasAnother) return { ok: false, reason: 'last', provider: provider.name };
    await revokeWithin(tx, ctx, { identity: identityId }, actor);
    await deleteIdentity(tx, { id: identityId, accountId: account.id });
    const detail = { identityId, provider: provider.slug };
    await record(tx, { occurredAt: now, type: 'identity.unlinked', actor, accountId: account.id, detail });
    if (account.email !== null) {
      const notice = { kind: 'identity-unlinked', recipient: account.email, accountId: account.id } as const;
      await queueMail(tx, { ...notice, language, detail: { provider: provider.name } }, now);
    }
    return { ok: true };
  });
}
