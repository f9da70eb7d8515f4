import { record } from '../audit/record.ts';
import { revokeWithin, revoking } from '../revocation/revoke.ts';
import type { HallContext } from './context.ts';

/** Single-use things that come to tokens; a device code is a code. */
export type Reused = 'refresh token' | 'code';

const EVENTS = {
  'refresh token': { type: 'refresh-token.reused', reasons: ['refresh-reuse'] },
  code: { type: 'code.replayed', reasons: ['code-replay'] },
} as const;

/**
 * RFC 6749 §4.1.2, RFC 9700 §4.14.2: presented twice means stolen by somebody, so what came of it dies. It is recorded once in a
 * while: whoever has the dead one can present it for ever, and a crowd of them at once is one event.
 */
export async function endReused(
  hall: Pick<HallContext, 'db' | 'clock' | 'config' | 'auditQuota'>,
  what: Reused,
  { grantId, clientId }: { grantId: string; clientId: string },
): Promise<void> {
  const event = EVENTS[what];
  const actor = `client:${clientId}`;
  const unrecorded = hall.auditQuota.take(event.type, grantId, 1);
  await revoking(hall, async (tx) => {
    if (unrecorded !== undefined) {
      const detail = { grantId, ...(unrecorded === 0 ? {} : { unrecorded }) };
      await record(tx, { ...event, occurredAt: hall.clock.now(), actor, clientId, detail });
    }
    await revokeWithin(tx, hall, { grant: grantId }, actor);
  });
}
