import { promisify } from 'node:util';
import { inflate } from 'node:zlib';

import { base64url } from 'jose';

import type { Issuer } from './issuer-context.ts';
import { decodeJsonBytes, isObject, splitCompact } from './jwt-parts.ts';
import type { StatusBits } from './status-bits.ts';
import { readHeader } from './token-header.ts';
import type { KeySource } from './verifier.ts';
import { verifyFully } from './verify-signature.ts';

/** Token Status List §5.1. */
const LIST_TYPES = ['statuslist+jwt', 'application/statuslist+jwt'];

/** 32 million tokens at one bit each. A few kB can be inflated to gigabytes; the limit is told to zlib. */
const INFLATED_BYTES_MAX = 4 * 1024 * 1024;

/** Seconds a list may be kept: what the issuer says, within reason, or what is taken where it says nothing. */
const TTL_SECONDS = { min: 1, max: 86_400, unsaid: 60 };

const inflateAsync = promisify(inflate);

export interface ListToken extends StatusBits {
  readonly ttlMs: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

/** A status list as it came from the wire (Token Status List §5.1), once it is known to be the issuer's own word on this very list. */
export async function readListToken(
  issuer: Issuer,
  keys: KeySource,
  uri: string,
  token: string,
): Promise<ListToken> {
  const parts = splitCompact(token);
  if (!parts) throw new Error('the list is not a compact JWS');
  const header = readHeader(parts.header, LIST_TYPES, issuer.algorithms);
  const payload = decodeJsonBytes(await verifyFully(token, await keys(header), header.alg));
  if (!payload) throw new Error('the list is not a JSON object');
  const { sub, iss } = payload;
  // §8.3: a list under the name of another would say anything about these tokens.
  if (sub !== uri) throw new Error('the list is another one');
  if (iss !== issuer.url) throw new Error('the list is of another issuer');
  const lifetime = readLifetime(payload, issuer);
  return { ...(await readBits(payload['status_list'])), ...lifetime };
}

function readLifetime(
  { iat, exp, ttl }: Record<string, unknown>,
  { now, clockSkewSeconds }: Issuer,
): Pick<ListToken, 'ttlMs' | 'expiresAt'> {
  const issuedAt = optionalInteger(iat);
  const expiresAt = optionalInteger(exp);
  const ttlSeconds = optionalInteger(ttl) ?? TTL_SECONDS.unsaid;
  const nowSeconds = now() / 1000;
  if (issuedAt === undefined || issuedAt > nowSeconds + clockSkewSeconds) {
    throw new Error('the list has no time of issue, or one to come');
  }
  if (expiresAt !== undefined && nowSeconds >= expiresAt + clockSkewSeconds) {
    throw new Error('the list has expired');
  }
  return {
    ttlMs: Math.min(Math.max(ttlSeconds, TTL_SECONDS.min), TTL_SECONDS.max) * 1000,
    expiresAt: expiresAt === undefined ? undefined : (expiresAt + clockSkewSeconds) * 1000,
  };
}

async function readBits(list: unknown): Promise<StatusBits> {
  const { bits, lst } = isObject(list) ? list : {};
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8)
    throw new Error('the list has no size of a status');
  if (typeof lst !== 'string') throw new Error('the list has no statuses');
  const bytes = await inflateAsync(base64url.decode(lst), { maxOutputLength: INFLATED_BYTES_MAX });
  return { bits, bytes };
}

function optionalInteger(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error('a number of the list is not a whole one');
}
