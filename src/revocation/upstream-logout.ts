import { revokeWithin, revoking, type RevocationContext } from './revoke.ts';

/** Whom an identity provider has signed out, as its logout token names them. */
export interface SignedOutUpstream {
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Names the logout token, which is taken once. */
  readonly digest: Buffer;
  readonly expiresAt: Date;
}

/**
 * Ends the sessions here that came of a session there, or all of that person that came through that provider, with their tokens.
 * A token that comes again has no effect: it was kept by somebody, or its sender got no answer. Answers how many identities that
 * was about.
 */
export async function endUpstreamSessions(
  ctx: RevocationContext,
  logout: SignedOutUpstream,
): Promise<number> {
  const { providerId, issuer, subject, sid, digest, expiresAt } = logout;
  return revoking(ctx, async (tx) => {
    const fresh: unknown[] = await tx('replays')
      .insert({ digest, expires_at: expiresAt })
      .onConflict('digest')
      .ignore()
      .returning('digest');
    if (fresh.length === 0) return 0;
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
