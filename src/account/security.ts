import { findFactors } from '../authenticators/factor-store.ts';
import { hasFactor } from '../authenticators/factors.ts';
import { listPasskeys } from '../authenticators/passkey-store.ts';
import { forgetDevice } from '../authenticators/remove-factor.ts';
import { listRememberedDevices } from '../authenticators/remembered-device-store.ts';
import { findTotp } from '../authenticators/totp-store.ts';
import { httpError } from '../http/errors.ts';
import { factorContext } from '../interactions/factor-context.ts';
import { rememberedDeviceDigest } from '../interactions/remembered-device.ts';
import { deviceInWords } from '../sessions/device.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { addPasskeyHere, beginPasskey, renamePasskeyHere, showPasskeySetUp } from './security-passkeys.ts';
import { beginCodes, keepCodesHere, showCodes } from './security-codes.ts';
import { removeFactor, showRemoval } from './security-removal.ts';
import { leaveSecurity } from './security-paths.ts';
import { beginTotpHere, confirmTotpHere, showTotpSetUp } from './security-totp.ts';
import { showAccountPage } from './show-account-page.ts';

/**
 * What a person proves a second factor with. Every change is theirs alone who has just proved who they are, with both factors
 * if they have two; they are told of it by mail. What is being set up is bound to the session.
 */
export const security: AccountPage = {
  get: showSecurity,
  actions: {
    begin: { run: begin, hasItem: true, fresh: true },
    'add-passkey': { run: addPasskeyHere, fresh: true },
    'rename-passkey': { run: renamePasskeyHere, hasItem: true, fresh: true },
    'confirm-totp': { run: confirmTotpHere, fresh: true },
    // They were drawn for this session a moment ago; asked for the factor that was just added, people would lose the page.
    'keep-codes': { run: keepCodesHere },
    remove: { run: removeFactor, hasItem: true, fresh: true },
    // It makes the next sign-in harder, not easier.
    'forget-device': { run: forgetDeviceHere, hasItem: true },
  },
};

async function showSecurity(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { 'set-up': setUp, remove } = visit.ctx.query;
  if (setUp === 'passkey') return showPasskeySetUp(context, visit);
  if (setUp === 'totp') return showTotpSetUp(context, visit);
  if (setUp === 'recovery-codes') return showCodes(context, visit);
  if (typeof remove === 'string') return showRemoval(context, visit, remove);
  return showOverview(context, visit);
}

async function showOverview(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { db, clock, secrets, config } = context;
  const { ctx, account } = visit;
  const [factors, passkeys, totp, devices] = await Promise.all([
    findFactors(db.knex, account.id),
    listPasskeys(db.knex, account.id),
    findTotp(db.knex, account.id),
    listRememberedDevices(db.knex, account.id, clock.now()),
  ]);
  const here = rememberedDeviceDigest(secrets, ctx);
  showAccountPage(context, visit, 'account-security', 'security', {
    passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt, backupEligible }) => ({
      id,
      name,
      createdAt,
      lastUsedAt: lastUsedAt ?? undefined,
      isSynced: backupEligible,
    })),
    totp: totp?.confirmedAt
      ? { createdAt: totp.confirmedAt, lastUsedAt: totp.lastUsedAt ?? undefined }
      : undefined,
    recoveryCodes: hasFactor(factors) ? factors.recoveryCodes : undefined,
    devices: devices.map(({ id, userAgent, createdAt, expiresAt, device }) => ({
      id,
      label: deviceInWords(userAgent) || undefined,
      createdAt,
      expiresAt,
      isCurrent: here?.equals(device) === true,
    })),
    isRequired: config.authentication.multiFactor === 'required',
  });
}

async function begin(context: AccountContext, visit: AccountVisit): Promise<void> {
  if (visit.item === 'passkey') return beginPasskey(context, visit);
  if (visit.item === 'totp') return beginTotpHere(context, visit);
  if (visit.item === 'recovery-codes') return beginCodes(context, visit);
  throw httpError('not_found', 'There is nothing of this name to set up.');
}

async function forgetDeviceHere(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, item = '' } = visit;
  const input = { accountId: account.id, id: item, by: handOf(visit) };
  if (!(await forgetDevice(factorContext(context, ctx), input)))
    throw httpError('not_found', 'There is no such device.');
  return leaveSecurity(ctx);
}
