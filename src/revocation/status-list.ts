/**
 * Token Status Lists (draft-ietf-oauth-status-list): one bit a token, 1 when it was revoked, so that an API learns of it
 * without asking about the token. A process leases lists of its own and gives every token a random free index in one of
 * them; an index is never given twice, and a list is dropped with its last token.
 *
 * Why lists are as large as they are: whoever fetches a list learns nothing of which of its million tokens is meant, and the
 * number of lists stays small. What that costs, with three quarters of each list in use and tokens that live for an hour
 * (`npm run bench:revocation` measures the first row):
 *
 * | live tokens | issued a second | lists | memory, every list held | a list on the wire: nothing revoked · 1 % · 10 % |
 * | ----------- | --------------- | ----- | ----------------------- | ------------------------------------------------ |
 * | 1 M         | 278             | 2     | 0.25 MB                 | 0.8 kB · 30 kB · 130 kB (gzip 0.5, 21, 92)       |
 * | 100 M       | 27 800          | 128   | 17 MB                   | the same, each                                   |
 * | 1 G         | 278 000         | 1272  | 167 MB                  | the same, each                                   |
 *
 * A revocation is one row and one message of about 100 bytes to every open stream, however many lists there are. The time to
 * build a list (inflated 128 kB, a few milliseconds of one thread of the pool) is spent when it is asked for after a change.
 */

/** Tokens a list has room for: 128 kB of bits. */
export const LIST_SIZE = 2 ** 20;

/** Never filled to the end: random indexes are drawn until a free one comes, which takes four tries when this many are used. */
export const LIST_TOKENS_MAX = (LIST_SIZE / 4) * 3;

/** A process uses a list for so long at most, so that lists die although tokens are issued for ever. */
export const LEASE_SECONDS = 3600;

/** A change with more indexes than this is announced as "fetch the list again": naming them takes more bytes than the list. */
export const NAMED_INDEXES_MAX = 2000;

/** NOTIFY channel: there is something new in `status_changes`. */
export const STATUS_CHANNEL = 'guichet_status';

export interface StatusList {
  readonly id: string;
  /** Tokens it has room for, one bit each. */
  readonly size: number;
  /** From then on no token in it is alive. */
  readonly expiresAt: Date;
}

/** Bits of one list that became 1. */
export interface StatusChange {
  /** Grows with every change of any list. */
  readonly position: number;
  readonly listId: string;
  readonly indexes: readonly number[];
  readonly changedAt: Date;
}

/** Where a token's status is found: the claim `status.status_list` (section 6.2 of the draft). */
export interface StatusReference extends StatusPlace {
  readonly listId: string;
}

/** The same as the ledger keeps it. */
export interface StatusPlace {
  readonly listNo: number;
  readonly index: number;
}

export function statusListUri(issuer: string, id: string): string {
  return `${issuer}/status-lists/${id}`;
}

/** Section 4.1 of the draft: the first token is the lowest bit of the first byte. */
export function setBit(bits: Uint8Array, index: number): void {
  const at = index >> 3;
  bits[at] = (bits[at] ?? 0) | (1 << (index & 7));
}

export function hasBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
}

/** As `int4send` writes them. */
export const INDEX_BYTES = 4;

export function readIndexes(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / INDEX_BYTES }, (_, at) => bytes.readInt32BE(at * INDEX_BYTES));
}
