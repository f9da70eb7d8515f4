import type { Context } from 'koa';

import type { Account } from '../accounts/account.ts';
import { signIn, type SignIn } from '../accounts/sign-in.ts';
import { findAccountByIdentifier } from '../accounts/store.ts';
import { explain, explainWhose } from '../decisions/explain.ts';
import { recordBounded } from '../audit/record-bounded.ts';
import type { RiskReason } from '../audit/risk.ts';
import { addressPrefix } from '../http/client-address.ts';
import { knownDevice } from '../http/device-cookie.ts';
import { stateOf } from '../http/middleware.ts';
import { forgivenKeys, isOfAddress, keysOf, signInBuckets, type Bucket } from '../http/throttle-buckets.ts';
import type { DirectorySignIn } from '../upstream/ldap.ts';
import type { InteractionsContext } from './context.ts';
import {
  chooseDirectory,
  createDirectoryCheck,
  untilNextStep,
  type DirectoryArrival,
  type DirectoryChoice,
} from './check-directory.ts';
import { createTurns } from './turns.ts';

/** The page may show the wait, and for the rest only that it did not work. */
export type PasswordCheck =
  | { readonly ok: true; readonly account: Account }
  /** A directory knows the password; whose account it is of, is to be seen. */
  | { readonly ok: true; readonly arrival: DirectoryArrival }
  | { readonly ok: false; readonly waitSeconds: number };

export interface PasswordAttempt {
  readonly identifier: string;
  readonly password: string;
  readonly clientId: string;
  /** The provider whose identity waits to be connected to the account that this is to prove. */
  readonly connects?: string | undefined;
  /** Somebody who is signed in confirms the password of their account: no directory has anything to say about that. */
  readonly oursOnly?: true;
}

export type CheckPassword = ReturnType<typeof createPasswordCheck>;

/** No more than argon2 hashes at once in any case (crypto/passwords.ts), so this slows nobody down. */
const PARALLEL_PER_ACCOUNT = 3;
const WAITING_PER_ACCOUNT = 100;
const RETRY_SECONDS = 2;

/**
 * Checks a password behind the throttle. While an account is delayed the right password is refused as well, and without
 * hashing anything: an answer that differed would be an oracle, and the hash the attacker's lever.
 */
export function createPasswordCheck(context: InteractionsContext) {
  const { db, throttle } = context;
  const askDirectory = createDirectoryCheck(context);
  const inTurn = createTurns({
    maxParallel: PARALLEL_PER_ACCOUNT,
    queueMax: WAITING_PER_ACCOUNT,
    retryAfterSeconds: RETRY_SECONDS,
  });

  return async function checkPassword(ctx: Context, attempt: PasswordAttempt): Promise<PasswordCheck> {
    const account = await findAccountByIdentifier(db.knex, attempt.identifier);
    const buckets = bucketsOf(context, ctx, { ...attempt, account });
    return inTurn(buckets[0]?.key ?? '', async () => {
      const waitSeconds = throttle.blockedFor(keysOf(buckets));
      const parties = { clientId: attempt.clientId, accountId: account?.id };
      if (waitSeconds > 0) {
        explainSignIn(ctx, parties, 'locked', ` for ${Math.ceil(waitSeconds)} s more`);
        return { ok: false, waitSeconds };
      }
      const startedAtMs = performance.now();
      const directory = attempt.oursOnly ? undefined : await chooseDirectory(context, attempt);
      const outcome = await checkWhere(attempt, directory);
      if (!outcome.ok) {
        explainSignIn(ctx, parties, outcome.reason);
        await throttle.fail(buckets);
        const failure = { ...parties, reason: outcome.reason };
        await recordFailure(context, ctx, { ...failure, closed: closedBy(context, buckets) });
        if (directory) await untilNextStep(startedAtMs);
        return { ok: false, waitSeconds: 0 };
      }
      await throttle.succeed(forgivenKeys(buckets));
      return outcome;
    });
  };

  async function checkWhere(
    attempt: PasswordAttempt,
    directory: DirectoryChoice | undefined,
  ): Promise<SignIn | { ok: true; arrival: DirectoryArrival } | Extract<DirectorySignIn, { ok: false }>> {
    if (!directory?.alone) {
      const local = await signIn(context, attempt.identifier, attempt.password);
      if (local.ok || !directory) return local;
    }
    const { provider } = directory;
    const there = await askDirectory(provider, attempt);
    return there.ok ? { ok: true, arrival: { provider, identity: there.identity } } : there;
  }
}

type Failure = Extract<SignIn | DirectorySignIn, { ok: false }>['reason'] | 'locked';

/** For operators; the page says the same of all of them. Never the identifier as typed. */
const FAILURES: Readonly<Record<Failure, string>> = {
  unknown: 'nobody has this name or address',
  'wrong-password': 'wrong password',
  disabled: 'the password is right, but the account is disabled',
  ambiguous: 'the directory has several people of this name',
  locked: 'throttled after too many failures, also with the right password,',
};

function explainSignIn(
  ctx: Context,
  parties: { clientId: string; accountId: string | undefined },
  reason: Failure,
  more = '',
): void {
  explain(ctx, { step: 'password', verdict: 'refused', words: `${FAILURES[reason]}${more}` });
  explainWhose(ctx, { ...parties, outcome: reason });
}

function bucketsOf(
  { secrets }: InteractionsContext,
  ctx: Context,
  { account, identifier }: { account: Account | undefined; identifier: string },
): Bucket[] {
  const { address } = stateOf(ctx);
  if (!account) return signInBuckets({ identifier, address });
  return signInBuckets({ accountId: account.id, device: knownDevice(secrets, ctx, account.id), address });
}

/** What no more attempts are taken from for a while. */
function closedBy({ throttle }: InteractionsContext, buckets: readonly Bucket[]): RiskReason | undefined {
  const ofAddress = buckets.filter(isOfAddress);
  if (throttle.blockedFor(keysOf(ofAddress)) > 0) return 'stuffing';
  return throttle.blockedFor(keysOf(buckets)) > 0 ? 'guessing' : undefined;
}

/** Never the identifier as typed: people type their password there. A success is recorded when the sign-in is complete. */
async function recordFailure(
  context: InteractionsContext,
  ctx: Context,
  failure: {
    clientId: string;
    accountId: string | undefined;
    reason: string;
    closed: RiskReason | undefined;
  },
): Promise<void> {
  const { reason, closed, ...parties } = failure;
  const event = {
    ...parties,
    occurredAt: context.clock.now(),
    type: 'account.sign-in-failed',
    actor: 'anonymous',
    detail: { reason },
    reasons: ['wrong-password', ...(closed ? [closed] : [])],
  } as const;
  const key = `${parties.accountId ?? ''} ${addressPrefix(stateOf(ctx).address)} ${closed ?? ''}`;
  await recordBounded(context, event, key);
}
