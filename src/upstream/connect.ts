import type { Knex } from 'knex';

import type { Account } from '../accounts/account.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import type { NewMail } from '../mail/mail.ts';
import { queueNotice } from '../mail/queue-notice.ts';
import { findIdentity, insertIdentity } from './identity-store.ts';
import { takeWaiting } from './request-store.ts';
import { openWaiting, type RequestOrigin } from './request.ts';
import { findProvider } from './store.ts';

type Language = NewMail['language'];

export type Connected =
  | { readonly ok: true; readonly identityId: string }
  /** `gone`: decided before, expired, or the provider is no more. `taken`: it is another account's. */
  | { readonly ok: false; readonly reason: 'gone' | 'taken' };

/**
 * Connects the identity that waits there to the account of whoever has proved that both are theirs, and writes to them. An
 * address has no part in it.
 */
export async function connectWaiting(
  ctx: { db: Database; clock: Clock; seal: Seal },
  input: { readonly origin: RequestOrigin; readonly account: Account; readonly language: Language },
): Promise<Connected> {
  return ctx.db.transaction((tx) => connectWithin(tx, ctx, input));
}

async function connectWithin(
  tx: Knex.Transaction,
  { clock, seal }: { clock: Clock; seal: Seal },
  { origin, account, language }: { origin: RequestOrigin; account: Account; language: Language },
): Promise<Connected> {
  const now = clock.now();
  const taken = await takeWaiting(tx, { origin, accountId: account.id, now });
  const provider = taken && (await findProvider(tx, taken.providerId));
  if (!taken || !provider || provider.disabledAt !== null) return { ok: false, reason: 'gone' };
  const { issuer, subject, label } = openWaiting(seal, taken.digest, taken.identity);
  const identity = {
    id: newId('idn'),
    providerId: provider.id,
    issuer,
    subject,
    accountId: account.id,
    label,
    linkedAt: now,
    lastUsedAt: now,
  };
  if (!(await insertIdentity(tx, identity))) {
    const known = await findIdentity(tx, identity);
    return known?.accountId === account.id
      ? { ok: true, identityId: known.id }
      : { ok: false, reason: 'taken' };
  }
  await record(tx, {
    occurredAt: now,
    type: 'identity.linked',
    actor: `account:${account.id}`,
    accountId: account.id,
    detail: { identityId: identity.id, provider: provider.slug },
  });
  await queueNotice(tx, 'identity-linked', account, { language, detail: { provider: provider.name } }, now);
  return { ok: true, identityId: identity.id };
}
