import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import { AppError } from '../errors.ts';
import type { ClientRecord } from './client.ts';
import { getClient, type ClientContext } from './create-client.ts';
import { clientNotFound } from './not-found.ts';
import { isLive } from './secret.ts';
import { deleteSecrets, lockClient, notifyClient } from './store.ts';

/**
 * Ends one of a client's secrets now; tokens that it brought live on. Not the last one that works, which would lock the client
 * out: that one is rotated. Throws `client_not_found`, `secret_not_found` (404), `last_secret` (409).
 */
export async function revokeSecret(
  ctx: Pick<ClientContext, 'db' | 'clock'>,
  { clientId, secretId, actor }: { clientId: string; secretId: string; actor: Actor },
): Promise<ClientRecord> {
  return ctx.db.transaction(async (tx) => {
    const client = await lockClient(tx, clientId);
    if (!client) throw clientNotFound();
    const secret = client.secrets.find(({ id }) => id === secretId);
    if (!secret) throw new AppError('secret_not_found', 'This client has no such secret.', { status: 404 });
    const now = ctx.clock.now();
    const others = client.secrets.filter((other) => other !== secret && isLive(other, now));
    if (isLive(secret, now) && others.length === 0) {
      const advice = 'It is the only secret that works. Rotate it without overlap instead.';
      throw new AppError('last_secret', advice, { status: 409 });
    }
    await deleteSecrets(tx, [secretId]);
    const detail = { secretId, hint: secret.hint };
    await record(tx, { occurredAt: now, type: 'client.secret-revoked', actor, clientId, detail });
    await notifyClient(tx, clientId);
    return getClient(tx, clientId);
  });
}
