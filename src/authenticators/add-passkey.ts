import { record } from '../audit/record.ts';
import { newId } from '../crypto/ids.ts';
import { CHALLENGE_TTL_SECONDS, challengeDigest, isChallenge, makeChallenge } from './challenge.ts';
import type { By, FactorContext } from './context.ts';
import { ensureHolder, findFactors, findUserHandle, lockHolder } from './factor-store.ts';
import { hasFactor } from './factors.ts';
import { checkFactorName, PASSKEYS_MAX, type Passkey } from './passkey.ts';
import { insertPasskey, listPasskeys, spendChallenge } from './passkey-store.ts';
import { checkAttestation, creationOptions, parseAttestation, relyingParty } from './relying-party.ts';
import { forgetDevices } from './remembered-device-store.ts';

export interface PasskeyOwner {
  readonly accountId: string;
  /** The interaction or session in which it is made. */
  readonly binding: string;
}

/** Draws the account's user handle, so that {@link passkeyCreation} only reads. */
export async function preparePasskey({ db, clock }: FactorContext, accountId: string): Promise<void> {
  await ensureHolder(db.knex, accountId, clock.now());
}

/** `PublicKeyCredentialCreationOptionsJSON`; undefined before {@link preparePasskey}. */
export async function passkeyCreation(
  { db, clock, secrets, config }: FactorContext,
  { accountId, binding, identifier, displayName }: PasskeyOwner & { identifier: string; displayName: string },
): Promise<string | undefined> {
  const userHandle = await findUserHandle(db.knex, accountId);
  if (!userHandle) return undefined;
  const use = { purpose: 'registration', binding, accountId } as const;
  return creationOptions(relyingParty(config), {
    challenge: makeChallenge(secrets, use, clock.now()),
    userHandle,
    identifier,
    displayName,
    passkeys: await listPasskeys(db.knex, accountId),
  });
}

export type PasskeyAddition =
  | { readonly ok: true; readonly passkey: Passkey }
  | { readonly ok: false; readonly reason: 'invalid' | 'taken' | 'too-many' | 'not-first' };

/**
 * Adds what an authenticator made. `onlyFirst`: the person proved no factor of theirs, so they must have none; decided in the
 * transaction, because somebody else may be adding one. Throws `invalid_factor_name` (400).
 */
export async function addPasskey(
  ctx: FactorContext,
  input: PasskeyOwner & { name: string; answer: string; onlyFirst: boolean; by: By },
): Promise<PasskeyAddition> {
  const { db, clock, secrets, config, tell } = ctx;
  const { accountId, binding, onlyFirst, by } = input;
  const name = checkFactorName(input.name);
  const now = clock.now();
  const use = { purpose: 'registration', binding, accountId } as const;
  const answer = parseAttestation(input.answer);
  const made =
    answer &&
    (await checkAttestation(relyingParty(config), answer, (challenge) =>
      isChallenge(secrets, use, challenge, now),
    ));
  if (!made) return { ok: false, reason: 'invalid' };

  return db.transaction(async (tx) => {
    const spent = {
      digest: challengeDigest(made.challenge),
      now,
      expiresAt: new Date(now.getTime() + CHALLENGE_TTL_SECONDS * 1000),
    };
    if (!(await spendChallenge(tx, spent))) return { ok: false, reason: 'invalid' };
    await lockHolder(tx, accountId);
    const factors = await findFactors(tx, accountId);
    if (onlyFirst && hasFactor(factors)) return { ok: false, reason: 'not-first' };
    if (factors.passkeys >= PASSKEYS_MAX) return { ok: false, reason: 'too-many' };
    const { challenge: _, ...credential } = made;
    const passkey = { ...credential, id: newId('psk'), accountId, name, createdAt: now, lastUsedAt: null };
    if (!(await insertPasskey(tx, passkey))) return { ok: false, reason: 'taken' };
    await forgetDevices(tx, accountId);
    const detail = { passkeyId: passkey.id, transports: made.transports, userVerified: made.userVerified };
    await record(tx, { occurredAt: now, type: 'passkey.added', accountId, detail, ...by });
    const told = { authenticator: 'passkey', label: name };
    await tell(tx, { kind: 'authenticator-added', accountId, detail: told });
    return { ok: true, passkey };
  });
}
