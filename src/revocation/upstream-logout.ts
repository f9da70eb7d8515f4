import { record } from '../audit/record.ts';
import { recordReplayWithin } from '../grants/store.ts';
import { revokeWithin, revoking, type RevocationContext } from './revoke.ts';

/** Whom an identity provider has signed out, as its logout token names them. */
export interface SignedOutUpstream {
  readonly providerId: string;
  readonly slug: string;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Names the logout token, which is taken once. */
  readonly digest: Buffer;
  readonly expiresAt: Date;
}

/**
 * Ends the sessions here that came of a session there, or all of that person that came through that provider, with their tokens.
 * Grants for their absence stay (OIDC Back-Channel Logout §2.7). A token that comes again has no effect: it was kept by somebody,
 * or its sender got no answer. Answers how many identities that was about.
 */
export async function endUpstreamSessions(
  ctx: RevocationContext,
  logout: SignedOutUpstream,
): Promise<number> {
  const { providerId, slug, issuer, subject, sid, digest, expiresAt } = logout;
  return revoking(ctx, async (tx) => {
    const now = ctx.clock.now();
    if (!(await recordReplayWithin(tx, { digest, expiresAt }, now))) return 0;
    const query = tx('identities')
      .select<{ id: string; account_id: string }[]>(['id', 'account_id'])
      .where({ provider_id: providerId, issuer });
    if (subject === undefined) {
      const named = tx('sessions')
        .select('identity_id')
        .where({ upstream_sid: sid ?? null });
      void query.whereIn('id', named);
    } else void query.where({ subject });
    const found = await query;
    const one = sid === undefined ? {} : { upstreamSid: sid };
    const actor = `identity-provider:${slug}`;
    for (const { id, account_id: accountId } of found) {
      const detail = { identityId: id, provider: slug };
      await record(tx, { occurredAt: now, type: 'identity.signed-out', actor, accountId, detail });
      await revokeWithin(tx, ctx, { identitySessions: id, ...one }, actor);
    }
    return found.length;
  });
}
