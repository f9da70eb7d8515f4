import { record, type Actor } from '../audit/record.ts';
import type { Artifact } from '../grants/artifact.ts';
import type { RevocationContext, Revoked } from './revoke.ts';

/** Ends a code or token that only this server knows and that hangs on nothing. It is in no status list: who knows it asks us. */
export async function endArtifact(
  { db, clock }: Pick<RevocationContext, 'db' | 'clock'>,
  { digest, model, clientId, accountId }: Artifact,
  actor: Actor,
): Promise<Revoked> {
  const now = clock.now();
  await db.transaction(async (tx) => {
    await tx('artifacts').where({ digest }).delete();
    await record(tx, {
      occurredAt: now,
      type: 'revoked',
      actor,
      clientId: clientId ?? undefined,
      accountId: accountId ?? undefined,
      detail: { model },
    });
  });
  return { tokens: 1, knownBy: now };
}
