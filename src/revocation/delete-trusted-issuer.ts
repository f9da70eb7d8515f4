import { record, type Actor } from '../audit/record.ts';
import { AppError } from '../errors.ts';
import { deleteTrustedIssuerRow, findTrustedIssuer } from '../upstream/trusted-issuer-store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Its tokens are exchanged no more, and what came of them ends. Throws `trusted_issuer_not_found` (404). */
export function deleteTrustedIssuer(ctx: RevocationContext, name: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const issuer = await findTrustedIssuer(tx, name);
    if (!issuer || !(await deleteTrustedIssuerRow(tx, issuer.id)))
      throw new AppError('trusted_issuer_not_found', 'There is no such trusted issuer.', { status: 404 });
    const detail = { id: issuer.id, issuer: issuer.issuer };
    await record(tx, { occurredAt: ctx.clock.now(), type: 'trusted-issuer.deleted', actor, detail });
    return revokeWithin(tx, ctx, { trustedIssuer: issuer.id }, actor);
  });
}
