import type { Knex } from 'knex';

import { equal, sha256 } from '../crypto/digest.ts';
import { AppError } from '../errors.ts';
import { httpError } from '../http/errors.ts';
import type { AdminContext } from './context.ts';
import { claimKey, findAnswer, keepAnswer, type KeyName } from './idempotency-store.ts';

/** What an operation answered. */
export interface Answered {
  readonly status: number;
  readonly document: unknown;
  /** The answer to the first request with this key, given once more. */
  readonly replayed?: true;
}

export interface KeyedRequest {
  readonly actor: string;
  /** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): an sf-string, or what stands between the quotes. */
  readonly key: string;
  /** Operation, parameters and body: the same key for something else is a mistake. */
  readonly fingerprint: string;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Does the work once for a key and gives the same answer for a day (jobs/prune.ts). The key is claimed in the transaction that does the
 * work, so that a crash keeps both or neither. Throws `invalid_request` (400), `idempotency_key_reused` (422).
 */
export async function once(
  { seal, clock }: Pick<AdminContext, 'seal' | 'clock'>,
  tx: Knex.Transaction,
  { actor, key, fingerprint }: KeyedRequest,
  work: () => Promise<Answered>,
): Promise<Answered> {
  if (!KEY.test(key)) {
    throw httpError('invalid_request', 'Idempotency-Key is 1 to 255 visible ASCII characters.');
  }
  const name: KeyName = { actor, keyDigest: sha256(key) };
  const requestDigest = sha256(fingerprint);
  const aad = `idempotency_keys:${actor}:${name.keyDigest.toString('hex')}`;
  if (await claimKey(tx, name, requestDigest, clock.now())) {
    const answered = await work();
    const sealed = seal.seal(Buffer.from(JSON.stringify(answered.document ?? null)), aad);
    await keepAnswer(tx, name, { status: answered.status, sealed });
    return answered;
  }
  const kept = await findAnswer(tx, name);
  if (!kept || !equal(kept.requestDigest, requestDigest)) {
    throw new AppError('idempotency_key_reused', 'This Idempotency-Key was used for another request.', {
      status: 422,
    });
  }
  const document: unknown = JSON.parse(seal.open(kept.sealed, aad).toString());
  return { status: kept.status, document, replayed: true };
}
