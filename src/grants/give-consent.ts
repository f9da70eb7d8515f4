import { record } from '../audit/record.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Consent } from './consent.ts';
import { saveConsent } from './consent-store.ts';

/** Remembers what a person has just allowed a client, on top of what they allowed before. */
export async function giveConsent(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  consent: Omit<Consent, 'grantedAt' | 'updatedAt'>,
  hand: Pick<AuditEvent, 'requestId' | 'address'>,
): Promise<void> {
  const now = clock.now();
  const { accountId, clientId, scopes, claims, apiScopes } = consent;
  await db.transaction(async (tx) => {
    await saveConsent(tx, consent, now);
    await record(tx, {
      ...hand,
      occurredAt: now,
      type: 'consent.granted',
      actor: `account:${accountId}`,
      accountId,
      clientId,
      detail: { scopes, claims, apiScopes },
    });
  });
}
