import { listAccess } from './list-access.ts';
import { revoke, type RevocationContext, type Revoked } from './revoke.ts';

/** Ends what a client holds of a person: its grants with all their tokens. undefined: it holds nothing. */
export async function withdrawConsent(
  ctx: RevocationContext,
  { accountId, clientId }: { accountId: string; clientId: string },
  actor: string,
): Promise<Revoked | undefined> {
  const all = await listAccess(ctx.db.knex, { accountId, now: ctx.clock.now() });
  const access = all.find((client) => client.clientId === clientId);
  let revoked: Revoked | undefined;
  for (const grant of access?.grantIds ?? []) {
    const { tokens, knownBy } = await revoke(ctx, { grant }, actor);
    revoked = { tokens: tokens + (revoked?.tokens ?? 0), knownBy };
  }
  return revoked;
}
