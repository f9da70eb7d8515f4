import { randomBytes } from 'node:crypto';

import * as otpauth from 'otpauth';

import type { Account } from '../../src/accounts/account.ts';
import { findAccount } from '../../src/accounts/store.ts';
import { addPasskey, passkeyCreation, preparePasskey } from '../../src/authenticators/add-passkey.ts';
import type { FactorContext } from '../../src/authenticators/context.ts';
import {
  draftedCodes,
  draftRecoveryCodes,
  keepRecoveryCodes,
} from '../../src/authenticators/make-recovery-codes.ts';
import { beginTotp, confirmTotp, pendingTotp } from '../../src/authenticators/set-up-totp.ts';
import { queueNotice } from '../../src/mail/queue-notice.ts';
import type { Services } from '../../src/services.ts';
import type { Page } from './browser-walker.ts';
import { findAll } from './html.ts';
import { createSoftPasskey, type SoftPasskey } from './soft-passkey.ts';

const by = { actor: 'test' };

export function factorsOf(services: Services): FactorContext {
  return {
    ...services,
    async tell(tx, { kind, accountId, detail }) {
      const account = await findAccount(tx, accountId);
      if (account) await queueNotice(tx, kind, account, { detail }, services.clock.now());
    },
  };
}

/** An authenticator app of somebody else's making, filled from what its camera reads. */
export interface App {
  /** The code of the step that is so many ahead. */
  code(now: Date, stepsAhead?: number): string;
}

export function appFor(uri: string): App {
  const totp = otpauth.URI.parse(uri);
  if (!(totp instanceof otpauth.TOTP)) throw new Error('not time-based');
  return { code: (now, stepsAhead = 0) => totp.generate({ timestamp: now.getTime() + stepsAhead * 30_000 }) };
}

/** Typed from the page, for apps that read no QR code. */
export function appForSecret(secret: string): App {
  return appFor(`otpauth://totp/x?secret=${secret.replaceAll(' ', '')}`);
}

/** A confirmed app; the code of two steps ago was used for that, so that all of now's are good. */
export async function giveTotp(services: Services, person: Account): Promise<App> {
  const { clock } = services;
  const ctx = { ...factorsOf(services), clock: { now: () => new Date(clock.now().getTime() - 90_000) } };
  const owner = { accountId: person.id, binding: randomBytes(8).toString('hex') };
  await beginTotp(ctx, owner);
  const pending = await pendingTotp(ctx, { ...owner, identifier: person.email ?? '' });
  const app = appFor(pending?.uri ?? '');
  const confirmed = await confirmTotp(ctx, {
    ...owner,
    code: app.code(ctx.clock.now()),
    name: '',
    onlyFirst: false,
    by,
  });
  if (!confirmed.ok) throw new Error(confirmed.reason);
  return app;
}

export async function giveRecoveryCodes(services: Services, person: Account): Promise<readonly string[]> {
  const ctx = factorsOf(services);
  const owner = { accountId: person.id, binding: randomBytes(8).toString('hex') };
  await draftRecoveryCodes(ctx, owner);
  const codes = (await draftedCodes(ctx, owner)) ?? [];
  await keepRecoveryCodes(ctx, { ...owner, by });
  return codes;
}

export async function givePasskey(
  services: Services,
  person: Account,
  options: Partial<Parameters<typeof createSoftPasskey>[0]> = {},
): Promise<SoftPasskey> {
  const ctx = factorsOf(services);
  const passkey = createSoftPasskey({ origin: services.config.issuer, ...options });
  const owner = { accountId: person.id, binding: randomBytes(8).toString('hex') };
  await preparePasskey(ctx, person.id);
  const creation = await passkeyCreation(ctx, {
    ...owner,
    identifier: person.email ?? '',
    displayName: 'Ada',
  });
  const answer = passkey.register(creation ?? '');
  const added = await addPasskey(ctx, { ...owner, name: 'Key', answer, onlyFirst: false, by });
  if (!added.ok) throw new Error(added.reason);
  return passkey;
}

/** What a page asks the browser's passkeys. */
export function passkeyOptions(page: Page): string {
  const form = findAll(page.document, 'form').find(({ attributes }) => 'data-passkey' in attributes);
  const options = form?.attributes['data-options'];
  if (options === undefined) throw new Error(`no passkey is asked for: ${page.status} ${page.text}`);
  return options;
}
