/**
 * Addresses that are shut out. This room owns which networks are, since when and until when, and that every process knows it
 * within a second. It does not own how the client's address is found (http/client-address.ts), nor failure counters, which
 * close by themselves (http/throttle.ts). A block is an operator's word (RFC 9110 §15.5.4: 403).
 */
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { isWithin, networkOf, parseCidr, parseIp, type Cidr } from '../http/ip.ts';

export interface AddressBlock {
  readonly id: string;
  /** Canonical text: `203.0.113.0/24`, `2001:db8::/32`; one address is a /32 or a /128. */
  readonly network: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** null: until it is lifted. */
  readonly expiresAt: Date | null;
  readonly liftedAt: Date | null;
}

/** Heard by every process; the payload is empty. */
export const BLOCKS_CHANNEL = 'guichet_address_blocks';

/** A wider network is a typing error or a whole country, and the operator is in it. */
const BITS_MIN = { 4: 8, 6: 16 } as const;

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(cidrOf);

/** Sentences, not documents. */
const REASON_LENGTH_MAX = 500;

export function isLive(
  { expiresAt, liftedAt }: Pick<AddressBlock, 'expiresAt' | 'liftedAt'>,
  now: Date,
): boolean {
  return liftedAt === null && (expiresAt === null || now < expiresAt);
}

/** The network as it is stored: bits beyond its length are dropped, as is the mapping of IPv4 into IPv6. Throws `invalid_block` (400). */
export function canonicalNetwork(text: string): string {
  const cidr = parseCidr(text.trim());
  if (!cidr)
    throw invalid(
      'The network must be an address or CIDR, like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32.',
    );
  return networkOf(cidr, cidr.bits);
}

/**
 * Refuses what would shut out everybody or ourselves: networks that are too wide, loopback, our own proxies, and `ownAddress`,
 * from where the operator asks. Throws `invalid_block` (400).
 */
export function checkNetwork(
  network: string,
  { trustedProxies, ownAddress }: Pick<Config, 'trustedProxies'> & { ownAddress?: string | undefined },
): void {
  const cidr = cidrOf(network);
  const least = BITS_MIN[cidr.family];
  if (cidr.bits < least) {
    throw invalid(`The network is too wide: IPv${cidr.family} networks are blocked from /${least} on.`);
  }
  if (LOOPBACK.some((other) => overlap(cidr, other))) throw invalid('This machine itself cannot be blocked.');
  if (trustedProxies.some((proxy) => overlap(cidr, cidrOf(proxy)))) {
    throw invalid(
      'A trusted proxy is in this network (GUICHET_TRUSTED_PROXIES): block the addresses behind it.',
    );
  }
  const own = ownAddress === undefined ? undefined : parseIp(ownAddress);
  if (own && isWithin(cidr, own)) throw invalid('You are in this network yourself.');
}

/** Throws `invalid_block` (400). */
export function checkTerms({
  reason,
  expiresAt,
  now,
}: {
  reason: string;
  expiresAt: Date | null;
  now: Date;
}): void {
  const isPlain = reason.isWellFormed() && !/\p{Cc}/u.test(reason);
  if (reason.trim() === '' || reason.length > REASON_LENGTH_MAX || !isPlain) {
    throw invalid(`Give a reason, one line of at most ${REASON_LENGTH_MAX} characters.`);
  }
  if (expiresAt !== null && !(expiresAt > now)) throw invalid('The block would be over already.');
}

function overlap(one: Cidr, other: Cidr): boolean {
  return one.bits <= other.bits ? isWithin(one, other) : isWithin(other, one);
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new TypeError(`not an address or CIDR: ${text}`);
  return cidr;
}

function invalid(message: string): AppError {
  return new AppError('invalid_block', message, { status: 400 });
}
