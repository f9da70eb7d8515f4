import type { Knex } from 'knex';

/** The answer to a request that had a key. */
export interface KeptAnswer {
  readonly requestDigest: Buffer;
  readonly status: number;
  /** Sealed: it may hold a secret that is shown once. */
  readonly sealed: Buffer;
}

export interface KeyName {
  readonly actor: string;
  readonly keyDigest: Buffer;
}

/**
 * True for the first with this key. A second waits until the first has committed or rolled back, so that there is never an answer
 * that is still being made.
 */
export async function claimKey(
  tx: Knex.Transaction,
  { actor, keyDigest }: KeyName,
  requestDigest: Buffer,
  now: Date,
): Promise<boolean> {
  const rows: unknown[] = await tx('idempotency_keys')
    .insert({ actor, key_digest: keyDigest, request_digest: requestDigest, created_at: now })
    .onConflict(['actor', 'key_digest'])
    .ignore()
    .returning('actor');
  return rows.length > 0;
}

export async function keepAnswer(
  tx: Knex.Transaction,
  { actor, keyDigest }: KeyName,
  answer: Omit<KeptAnswer, 'requestDigest'>,
): Promise<void> {
  await tx('idempotency_keys')
    .where({ actor, key_digest: keyDigest })
    .update({ status: answer.status, answer: answer.sealed });
}

export async function findAnswer(
  tx: Knex.Transaction,
  { actor, keyDigest }: KeyName,
): Promise<KeptAnswer | undefined> {
  const row = await tx<{
    actor: string;
    key_digest: Buffer;
    request_digest: Buffer;
    status: number | null;
    answer: Buffer | null;
  }>('idempotency_keys')
    .first('request_digest', 'status', 'answer')
    .where({ actor, key_digest: keyDigest });
  if (!row || row.status === null || row.answer === null) return undefined;
  return { requestDigest: row.request_digest, status: row.status, sealed: row.answer };
}
