import { revokeWithin, revoking, type RevocationContext } from './revoke.ts';

/** Whom an identity provider has signed out, as its logout token names them. */
export interface SignedOutUpstream {
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}

/**
 * Ends the sessions here that came of a session there, or all of that person that came through that provider, with their tokens.
 * Answers how many identities that was about.
 */
export async function endUpstreamSessions(
  ctx: RevocationContext,
  logout: SignedOutUpstream,
): Promise<number> {
  const { providerId, issuer, subject, sid } = logout;
  return revoking(ctx, async (tx) => {
    const query = tx('identities').select<{ id: string }[]>('id').where({ provider_id: providerId, issuer });
    if (subject === undefined) {
      const named = tx('sessions')
        .select('identity_id')
        .where({ upstream_sid: sid ?? null });
      void query.whereIn('id', named);
    } else void query.where({ subject });
    const found = await query;
    const one = sid === undefined ? {} : { upstreamSid: sid };
    for (const { id } of found) {
      await revokeWithin(tx, ctx, { identity: id, ...one }, `identity-provider:${providerId}`);
    }
    return found.length;
  });
}
