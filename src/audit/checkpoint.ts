import { sign, verify } from 'node:crypto';

import { z } from 'zod';

import type { CheckpointKey, CheckpointSigner } from './checkpoint-keys.ts';

/**
 * A signed statement of what the chain was at a time: a compact JWS (RFC 7515) with EdDSA (RFC 8037). It is kept in the database
 * and written to the log, where whoever cuts the end off the chain does not reach it.
 */
export interface Checkpoint {
  /** From 1 on without gaps, so that one that is missing is missed. */
  readonly number: number;
  /** The last link it speaks of, its hash in hex, and how many events there were. */
  readonly seq: number;
  readonly hash: string;
  readonly count: number;
  /** Unix seconds. */
  readonly at: number;
  /** The issuer: two installations may share a secret. */
  readonly iss: string;
}

const TYP = 'audit-checkpoint+jwt';
const COUNT = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const PAYLOAD = z.object({
  number: COUNT.min(1),
  seq: COUNT,
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  count: COUNT,
  at: COUNT,
  iss: z.string(),
}) satisfies z.ZodType<Checkpoint>;
const HEADER = z.object({ alg: z.literal('EdDSA'), kid: z.string(), typ: z.literal(TYP) });

export function signCheckpoint(
  { number, seq, hash, count, at, iss }: Checkpoint,
  key: CheckpointSigner,
): string {
  const header = { alg: 'EdDSA', kid: key.kid, typ: TYP } satisfies z.output<typeof HEADER>;
  const input = `${encode(header)}.${encode({ number, seq, hash, count, at, iss })}`;
  return `${input}.${sign(null, Buffer.from(input), key.privateKey).toString('base64url')}`;
}

export type ReadCheckpoint =
  { readonly ok: true; readonly checkpoint: Checkpoint } | { readonly ok: false; readonly reason: string };

/** The reason is for operators. */
export function readCheckpoint(
  jws: string,
  { keys, issuer }: { keys: readonly CheckpointKey[]; issuer: string },
): ReadCheckpoint {
  const [head = '', body = '', signature = '', ...rest] = jws.split('.');
  const header = HEADER.safeParse(decode(head));
  if (!header.success || rest.length > 0) return refuse('it is no checkpoint');
  const key = keys.find(({ kid }) => kid === header.data.kid);
  if (!key) return refuse(`it is signed with a key that is not known here (${header.data.kid})`);
  const input = Buffer.from(`${head}.${body}`);
  if (!verify(null, input, key.publicKey, Buffer.from(signature, 'base64url')))
    return refuse('its signature is wrong');
  const payload = PAYLOAD.safeParse(decode(body));
  if (!payload.success) return refuse('it is no checkpoint');
  if (payload.data.iss !== issuer) return refuse(`it is of ${payload.data.iss}`);
  return { ok: true, checkpoint: payload.data };
}

const HEADER_START = encode({ alg: 'EdDSA', kid: '' }).slice(0, 20);
const JWS = new RegExp(`${HEADER_START}[\\w-]+\\.[\\w-]+\\.[\\w-]+`, 'g');

/** The checkpoints in a text, which may be a log. */
export function findCheckpoints(text: string): string[] {
  const found = text.match(JWS) ?? [];
  return found.filter((jws) => HEADER.safeParse(decode(jws.split('.', 1)[0] ?? '')).success);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function refuse(reason: string): ReadCheckpoint {
  return { ok: false, reason };
}
