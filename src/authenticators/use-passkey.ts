import { record } from '../audit/record.ts';
import { equal } from '../crypto/digest.ts';
import {
  CHALLENGE_TTL_SECONDS,
  challengeDigest,
  isChallenge,
  makeChallenge,
  type ChallengeUse,
} from './challenge.ts';
import type { By, FactorContext } from './context.ts';
import { findUserHandle } from './factor-store.ts';
import type { Passkey } from './passkey.ts';
import { countPasskeyUse, findPasskeyByCredential, listPasskeys, spendChallenge } from './passkey-store.ts';
import {
  checkAssertion,
  parseAssertion,
  relyingParty,
  requestOptions,
  type Assertion,
} from './relying-party.ts';

type Context = Omit<FactorContext, 'seal' | 'tell'>;

/** Options for a person who has not said who they are. Reads and writes nothing. */
export function passkeySignIn({ clock, secrets, config }: Context, interactionUid: string): Promise<string> {
  const challenge = makeChallenge(secrets, signInUse(interactionUid), clock.now());
  return requestOptions(relyingParty(config), { challenge });
}

/** Options for somebody who has proved something else already. */
export async function passkeySecondFactor(
  { db, clock, secrets, config }: Context,
  { accountId, interactionUid }: { accountId: string; interactionUid: string },
): Promise<string> {
  const challenge = makeChallenge(secrets, secondFactorUse(interactionUid, accountId), clock.now());
  return requestOptions(relyingParty(config), {
    challenge,
    passkeys: await listPasskeys(db.knex, accountId),
  });
}

export type PasskeyUse =
  | { readonly ok: true; readonly passkey: Passkey }
  | { readonly ok: false; readonly reason: 'invalid' | 'unknown' | 'spent' | 'copied' | 'unverified' };

/** A passkey as the only proof: it must name its person and have verified them. */
export function signInWithPasskey(
  ctx: Context,
  { interactionUid, answer, by }: { interactionUid: string; answer: string; by: By },
): Promise<PasskeyUse> {
  return usePasskey(ctx, { use: signInUse(interactionUid), answer, by });
}

export function provePasskey(
  ctx: Context,
  input: { accountId: string; interactionUid: string; answer: string; by: By },
): Promise<PasskeyUse> {
  const { accountId, interactionUid, answer, by } = input;
  return usePasskey(ctx, { use: secondFactorUse(interactionUid, accountId), answer, by });
}

async function usePasskey(
  ctx: Context,
  { use, answer: text, by }: { use: ChallengeUse; answer: string; by: By },
): Promise<PasskeyUse> {
  const { db, clock, secrets, config } = ctx;
  const now = clock.now();
  const answer = parseAssertion(text);
  if (!answer) return { ok: false, reason: 'invalid' };
  const passkey = await findPasskeyByCredential(db.knex, Buffer.from(answer.id, 'base64url'));
  if (!passkey || !(await isTheirs(ctx, passkey, use, answer))) return { ok: false, reason: 'unknown' };
  const checked = await checkAssertion(relyingParty(config), answer, {
    passkey,
    isChallenge: (challenge) => isChallenge(secrets, use, challenge, now),
  });
  if (!checked) return { ok: false, reason: 'invalid' };
  if (use.purpose === 'sign-in' && !checked.userVerified) return { ok: false, reason: 'unverified' };

  return db.transaction(async (tx) => {
    const spent = {
      digest: challengeDigest(checked.challenge),
      now,
      expiresAt: new Date(now.getTime() + CHALLENGE_TTL_SECONDS * 1000),
    };
    if (!(await spendChallenge(tx, spent))) return { ok: false, reason: 'spent' };
    const { id, accountId } = passkey;
    const { counter, backedUp, userVerified } = checked;
    const counted = await countPasskeyUse(tx, { id, counter, backedUp, now });
    const detail = { passkeyId: id, purpose: use.purpose, counter, userVerified };
    const type = counted ? 'passkey.used' : 'passkey.copy-refused';
    await record(tx, { occurredAt: now, type, accountId, detail, ...by });
    return counted ? { ok: true, passkey } : { ok: false, reason: 'copied' };
  });
}

/** WebAuthn §7.2 step 6: whose it is was said before, or by the authenticator. */
async function isTheirs(
  { db }: Context,
  passkey: Passkey,
  { accountId }: ChallengeUse,
  { response }: Assertion,
): Promise<boolean> {
  if (accountId !== null && passkey.accountId !== accountId) return false;
  if (response.userHandle === undefined) return accountId !== null;
  const handle = await findUserHandle(db.knex, passkey.accountId);
  return handle !== undefined && equal(handle, Buffer.from(response.userHandle, 'base64url'));
}

function signInUse(interactionUid: string): ChallengeUse {
  return { purpose: 'sign-in', binding: interactionUid, accountId: null };
}

function secondFactorUse(interactionUid: string, accountId: string): ChallengeUse {
  return { purpose: 'second-factor', binding: interactionUid, accountId };
}
