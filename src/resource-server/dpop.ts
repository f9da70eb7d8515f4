/**
 * Proof of possession by DPoP (RFC 9449 §4.3 and §7): the checks of a proof that comes with an access token whose signature is
 * already known to be good. Refused proofs leave no trace: the replay store is written last.
 */
import { createHash } from 'node:crypto';

import { jwtVerify, type JWTPayload } from 'jose';

import { createDpopNonces, equalText, type DpopNonces } from './dpop-nonce.ts';
import { DPOP_ALGORITHMS, readProofKey } from './dpop-key.ts';
import { normalizeHtu } from './htu.ts';
import { createMemoryReplayStore } from './replay-store.ts';
import { TokenError, type TokenErrorCode, type TokenErrorReason } from './token-error.ts';
import type { DpopOptions, ReplayStore, ResourceRequest } from './verifier.ts';

/** An RSA key of 4096 bits and its signature take 1.5 kB; the rest is room for claims that we do not know. */
const PROOF_LENGTH_MAX = 8_192;

/** RFC 9449 §4.2 asks for 96 random bits or a UUID: 36 characters. */
const JTI_LENGTH_MAX = 256;

const MAX_AGE_SECONDS_DEFAULT = 60;
const MAX_AGE_SECONDS_MAX = 300;

/**
 * A proof is remembered for so long after it stopped being acceptable: the clock of another process that shares the store may be
 * behind the one that claimed it.
 */
const REPLAY_MARGIN_SECONDS = 10;

/** A shared store that says nothing for so long is down. */
const STORE_ANSWER_MS = 2_000;

const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export interface DpopCheck {
  /**
   * Resolves when the request carries a good, unused proof by the key whose thumbprint (RFC 7638) the token is bound to. Throws
   * TokenError: `invalid_dpop_proof`, `invalid_token` (another key), `use_dpop_nonce`, or `status_unavailable` with 503 when
   * the replay store cannot say whether the proof was used.
   */
  check(request: ResourceRequest, accessToken: string, boundJkt: string): Promise<void>;
  /** The nonce to give in `DPoP-Nonce`; `undefined` when none are asked for. */
  nonce(): Promise<string | undefined>;
}

interface Context {
  readonly now: () => number;
  readonly maxAgeSeconds: number;
  readonly nonces: DpopNonces | undefined;
  readonly store: ReplayStore;
}

export function createDpopCheck(options: DpopOptions | undefined, now: () => number): DpopCheck {
  const maxAgeSeconds = options?.maxAgeSeconds ?? MAX_AGE_SECONDS_DEFAULT;
  if (!(maxAgeSeconds >= 1 && maxAgeSeconds <= MAX_AGE_SECONDS_MAX)) {
    throw new TypeError(`dpop.maxAgeSeconds must be 1 to ${MAX_AGE_SECONDS_MAX}`);
  }
  const nonces = options?.nonceSecret && createDpopNonces(options.nonceSecret, now);
  const store = options?.replayStore ?? createMemoryReplayStore({ now });
  const context: Context = { now, maxAgeSeconds, nonces, store };
  return {
    check: (request, accessToken, boundJkt) => checkProof(context, request, accessToken, boundJkt),
    nonce: () => Promise.resolve(nonces?.current()),
  };
}

async function checkProof(
  context: Context,
  request: ResourceRequest,
  accessToken: string,
  boundJkt: string,
): Promise<void> {
  const proof = findProof(request);
  const { claims, jkt } = await verifyProof(context, proof);
  // RFC 9449 §7.1 answers another key with `invalid_token`: the proof is good, the token is not its sender's.
  if (!equalText(jkt, boundJkt)) {
    throw refusal(context, 'wrong_key', 'The access token is bound to another key.', 'invalid_token');
  }
  checkTarget(context, request, claims);
  checkHash(context, accessToken, claims);
  const iat = checkAge(context, claims);
  checkNonce(context, claims);
  await claimProof(context, `${jkt}.${checkId(context, claims)}`, iat);

  /** RFC 9449 §4.3, 1: there is not more than one. */
  function findProof({ dpop }: ResourceRequest): string {
    const proofs = typeof dpop === 'string' ? [dpop] : (dpop ?? []);
    const [first] = proofs;
    if (first === undefined) throw refusal(context, 'not_bound', 'The access token needs a DPoP proof.');
    if (proofs.length > 1) throw refusal(context, 'malformed', 'There is more than one DPoP header.');
    if (first.length > PROOF_LENGTH_MAX || !COMPACT_JWS.test(first)) {
      throw refusal(context, 'malformed', 'The DPoP proof is not a JWT of a sensible size.');
    }
    return first;
  }
}

/** RFC 9449 §4.3, 2 to 7: a JWT of the right type, signed by the public key in its header. */
async function verifyProof(context: Context, proof: string): Promise<{ claims: JWTPayload; jkt: string }> {
  let jkt = '';
  try {
    const { payload } = await jwtVerify(
      proof,
      async (header) => {
        const found = await readProofKey(header);
        jkt = found.jkt;
        return found.key;
      },
      {
        algorithms: [...DPOP_ALGORITHMS],
        typ: 'dpop+jwt',
        // A proof needs no `exp` and `nbf`. Where it has them they may be off by as much as its `iat`.
        currentDate: new Date(context.now()),
        clockTolerance: context.maxAgeSeconds,
      },
    );
    return { claims: payload, jkt };
  } catch (cause) {
    const message = 'The DPoP proof is not a dpop+jwt signed by the public key in its header.';
    throw refusal(context, 'signature', message, 'invalid_dpop_proof', cause);
  }
}

/** RFC 9449 §4.3, 8 and 9. */
function checkTarget(context: Context, request: ResourceRequest, { htm, htu }: JWTPayload): void {
  if (htm !== request.method) {
    throw refusal(context, 'claims', 'The DPoP proof was made for another method.');
  }
  const here = normalizeHtu(request.url);
  if (here === undefined || typeof htu !== 'string' || normalizeHtu(htu) !== here) {
    throw refusal(context, 'claims', 'The DPoP proof was made for another address.');
  }
}

/** RFC 9449 §4.3, 12. */
function checkHash(context: Context, accessToken: string, { ath }: JWTPayload): void {
  const expected = createHash('sha256').update(accessToken).digest('base64url');
  if (typeof ath !== 'string' || !equalText(ath, expected)) {
    throw refusal(context, 'claims', 'The DPoP proof was not made for this access token.');
  }
}

/** RFC 9449 §4.3, 11. A nonce makes no old proof young. */
function checkAge(context: Context, { iat }: JWTPayload): number {
  if (typeof iat !== 'number' || !Number.isFinite(iat)) {
    throw refusal(context, 'claims', 'The DPoP proof has no time.');
  }
  const age = context.now() / 1000 - iat;
  if (age > context.maxAgeSeconds) throw refusal(context, 'expired', 'The DPoP proof is too old.');
  if (age < -context.maxAgeSeconds)
    throw refusal(context, 'not_yet_valid', 'The DPoP proof is of the future.');
  return iat;
}

/** RFC 9449 §4.3, 10, and §9. Without a secret of ours a nonce is somebody else's and means nothing. */
function checkNonce(context: Context, { nonce }: JWTPayload): void {
  if (!context.nonces || context.nonces.isGood(nonce)) return;
  throw refusal(context, 'claims', 'The DPoP proof needs the nonce of this answer.', 'use_dpop_nonce');
}

function checkId(context: Context, { jti }: JWTPayload): string {
  if (typeof jti !== 'string' || jti === '' || jti.length > JTI_LENGTH_MAX) {
    throw refusal(context, 'claims', 'The DPoP proof has no id of a sensible size.');
  }
  return jti;
}

/** RFC 9449 §11.1. */
async function claimProof(context: Context, id: string, iat: number): Promise<void> {
  // One length for every key, whatever the client calls its proofs.
  const key = createHash('sha256').update(id).digest('base64url');
  const expiresAt = Math.ceil((iat + context.maxAgeSeconds + REPLAY_MARGIN_SECONDS) * 1000);
  // Anything but `true` refuses: a store written in JavaScript may answer with something else.
  let first: unknown;
  try {
    first = await withinTime(context.store.claim(key, expiresAt));
  } catch (cause) {
    // Nobody can say whether the proof was used: to accept it would let whoever breaks the store replay.
    throw new TokenError('status_unavailable', 'It cannot be told whether the DPoP proof was used before.', {
      status: 503,
      headers: { 'Retry-After': '1' },
      cause,
    });
  }
  if (first !== true) throw refusal(context, 'replayed', 'The DPoP proof was used before.');
}

async function withinTime(answer: boolean | Promise<boolean>): Promise<boolean> {
  if (typeof answer === 'boolean') return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the replay store does not answer')), STORE_ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** RFC 9449 §7.1: 401 with a DPoP challenge, and §9: with the nonce to use, wherever nonces are asked for. */
function refusal(
  context: Context,
  reason: TokenErrorReason,
  message: string,
  code: TokenErrorCode = 'invalid_dpop_proof',
  cause?: unknown,
): TokenError {
  const challenge = `DPoP error="${code}", error_description="${message}", algs="${DPOP_ALGORITHMS.join(' ')}"`;
  const nonce = context.nonces && { 'DPoP-Nonce': context.nonces.current() };
  return new TokenError(code, message, {
    status: 401,
    reason,
    headers: { 'WWW-Authenticate': challenge, ...nonce },
    ...(cause === undefined ? {} : { cause }),
  });
}
