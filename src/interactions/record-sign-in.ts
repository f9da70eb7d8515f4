import type { Knex } from 'knex';

import { chooseLanguage, type Language } from '../../views/language.ts';
import type { Account } from '../accounts/account.ts';
import { saveSignedIn } from '../accounts/store.ts';
import { hasSignedInFrom } from '../audit/places.ts';
import { record } from '../audit/record.ts';
import { addressPrefix } from '../http/client-address.ts';
import { knownDevice } from '../http/device-cookie.ts';
import { stateOf } from '../http/middleware.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { deviceInWords } from '../sessions/device.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { displayName } from './present.ts';

/**
 * Writes a sign-in down, however it was proved, and asks the person by mail whether it was them when they have signed in
 * before and never in this browser (ASVS 5.0 V6.3.5). Call it before the browser is remembered.
 */
export async function recordSignIn(
  { db, clock, secrets }: InteractionsContext,
  { ctx, interaction }: Visit,
  { accountId, amr }: { accountId: string; amr: readonly string[] },
): Promise<void> {
  const now = clock.now();
  const { requestId, address } = stateOf(ctx);
  const isKnown = knownDevice(secrets, ctx, accountId) !== undefined;
  const device = deviceInWords(ctx.get('user-agent'));
  const language = chooseLanguage(interaction.uiLocales, ctx.get('Accept-Language'));
  await db.transaction(async (tx) => {
    const signedIn = await saveSignedIn(tx, accountId, now);
    const isNew = !isKnown && signedIn?.before != null;
    const isElsewhere = isNew && !(await hasSignedInFrom(tx, accountId, addressPrefix(address, 'wide')));
    await record(tx, {
      occurredAt: now,
      type: 'account.signed-in',
      actor: `account:${accountId}`,
      accountId,
      clientId: interaction.client.id,
      requestId,
      address,
      reasons: [
        ...(isNew ? (['new-device'] as const) : []),
        ...(isElsewhere ? (['new-network'] as const) : []),
      ],
      detail: { amr, device, ...(isNew ? { newDevice: true } : {}) },
    });
    if (isNew) {
      const client = displayName(interaction.client.name);
      await askWhetherItWasThem(tx, signedIn.account, { language, now, detail: { device, address, client } });
    }
  });
}

/** An address that nobody has confirmed may be a stranger's, who has no business knowing where somebody signs in. */
async function askWhetherItWasThem(
  tx: Knex.Transaction,
  { id, email, emailVerified, profile }: Account,
  {
    language,
    now,
    detail: { device, ...detail },
  }: { language: Language; now: Date; detail: { device: string; address: string; client: string } },
): Promise<void> {
  if (email === null || !emailVerified) return;
  const facts = {
    ...detail,
    ...(device === '' ? {} : { device }),
    ...(profile.name === undefined ? {} : { name: profile.name }),
  };
  await queueMail(tx, { kind: 'new-device', recipient: email, accountId: id, language, detail: facts }, now);
}
