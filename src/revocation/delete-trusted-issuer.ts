import { record, type Actor } from '../audit/record.ts';
import { deleteTrustedIssuerRow, getTrustedIssuer } from '../upstream/trusted-issuer-store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Its tokens are exchanged no more, and what came of them ends. Throws `trusted_issuer_not_found` (404). */
export function deleteTrustedIssuer(ctx: RevocationContext, name: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const issuer = await getTrustedIssuer(tx, name);
    await deleteTrustedIssuerRow(tx, issuer.id);
    const detail = { id: issuer.id, issuer: issuer.issuer };
    await record(tx, { occurredAt: ctx.clock.now(), type: 'trusted-issuer.deleted', actor, detail });
    return revokeWithin(tx, ctx, { trustedIssuer: issuer.id }, actor);
  });
}
