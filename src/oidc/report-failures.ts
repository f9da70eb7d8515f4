import { recordBounded } from '../audit/record-bounded.ts';
import { addressPrefix } from '../http/client-address.ts';
import type { HallContext } from './context.ts';

type Context = Pick<HallContext, 'db' | 'clock' | 'clients' | 'auditQuota'>;

/** Events of what strangers do at the protocol's endpoints, each within a quota. */

/** Nobody proved to be this client. What was presented as an id is recorded only if it is one: it may be anything. */
export async function reportClientFailure(
  hall: Context,
  { clientId, address, closedSeconds }: { clientId: string; address: string; closedSeconds: number },
): Promise<void> {
  const client = await hall.clients.find(clientId);
  const event = {
    occurredAt: hall.clock.now(),
    type: 'client.authentication-failed',
    actor: 'anonymous',
    clientId: client?.id,
    detail: { known: client !== undefined, ...(closedSeconds > 0 ? { closedSeconds } : {}) },
    reasons: ['client-authentication-failed', ...(closedSeconds > 0 ? (['guessing'] as const) : [])],
  } as const;
  await recordBounded(hall, event, `${client?.id ?? ''} ${addressPrefix(address)} ${closedSeconds > 0}`);
}

/** A DPoP proof or a client assertion came a second time. `issuer` is whom the library counts it for. */
export async function reportReplay(hall: Context, issuer: string): Promise<void> {
  const client = await hall.clients.find(issuer);
  const event = {
    occurredAt: hall.clock.now(),
    type: 'proof.replayed',
    actor: client ? `client:${client.id}` : 'anonymous',
    clientId: client?.id,
    reasons: ['proof-replay'],
  } as const;
  await recordBounded(hall, event, client?.id ?? '');
}

/** Nothing is recorded before so many guesses were wrong that no more are taken for a while. */
export async function reportGuessing(
  hall: Context,
  guessed: {
    what: 'user-codes';
    address: string;
    closedSeconds: number;
  },
): Promise<void> {
  const { what, address, closedSeconds } = guessed;
  if (closedSeconds === 0) return;
  const event = {
    occurredAt: hall.clock.now(),
    type: 'guessing.stopped',
    actor: 'anonymous',
    detail: { what, closedSeconds },
    reasons: ['guessing'],
  } as const;
  await recordBounded(hall, event, `${what} ${addressPrefix(address)}`);
}
