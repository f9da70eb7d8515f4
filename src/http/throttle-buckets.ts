import { addressPrefix } from './client-address.ts';

/** One counter of failures: what it counts by and what it does. */
export interface Bucket {
  key: string;
  /** So many failures in a window cost nothing. */
  free: number;
  /** A window begins with its first failure and forgets all of them together. */
  windowSeconds: number;
  /** Seconds closed after the failure that is the `failures`-th of its window; asked from `free` on. Must never shrink. */
  delay: (failures: number) => number;
  /** Whether a success makes good again what failed here. */
  forgivable?: boolean;
}

const MINUTE = 60;
const QUARTER_HOUR = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Slips of the finger before a delay, doubling delays up to a quarter of an hour, and an end of it at 50 a day (NIST: 100). */
const ACCOUNT_FREE = 5;
const ACCOUNT_DELAY_MAX_SECONDS = QUARTER_HOUR;
const ACCOUNT_HARD_STOP = 50;

/** What one office behind one address mistypes in a quarter of an hour; its whole network gets ten times that. */
const ADDRESS_FREE = 20;
const NETWORK_FREE = 200;
const ACCOUNT_ADDRESS_FREE = 10;

const CLIENT_FREE = 20;
const USER_CODE_FREE = 10;
/** Whoever passes on whatever it is sent; a guesser needs far more than this. A network of addresses gets ten times that. */
const TOKEN_SCAN_FREE = 300;
const TOKEN_SCAN_NETWORK_FREE = 3000;

/** A mail gets lost or is looked for in the wrong mailbox once or twice; more are a nuisance to whoever gets them. */
const MAILS_PER_RECIPIENT = 3;
/** An office whose people join on one day; its whole network gets ten times that. */
const MAILS_PER_ADDRESS = 10;
const MAILS_PER_NETWORK = 100;
/** Somebody with very many addresses must not use up the good name of our mail server: 3 000 an hour. */
const MAILS_IN_ALL = 500;
const MAILS_IN_ALL_SECONDS = 10 * MINUTE;

export type SignInAttempt = {
  address: string;
  /** Of `knownDevice`; only together with `accountId`. */
  device?: string | undefined;
} & ({ accountId: string } | { identifier: string });

/**
 * Buckets of a password attempt. Name the account's id where there is an account, so that its user name and its address
 * share a counter, else the identifier as typed. A known device is measured alone: neither strangers who fail at the
 * account nor neighbours behind the same address lock it out, and guesses from it are bounded by its own counter.
 */
export function signInBuckets(attempt: SignInAttempt): Bucket[] {
  const account = 'accountId' in attempt ? `id:${attempt.accountId}` : `name:${folded(attempt.identifier)}`;
  if (attempt.device && 'accountId' in attempt) return [growing(`device:${attempt.device}:${account}`)];
  const prefix = addressPrefix(attempt.address);
  return [
    growing(`account:${account}`),
    {
      ...closing(`account-address:${account}:${prefix}`, ACCOUNT_ADDRESS_FREE, QUARTER_HOUR),
      forgivable: true,
    },
    ...addressBuckets('sign-in', attempt.address),
  ];
}

/** Buckets of a failed client authentication: by client and address, so that strangers cannot stop a client elsewhere. */
export function clientAuthBuckets({ clientId, address }: { clientId: string; address: string }): Bucket[] {
  return [closing(`client:${clientId}:${addressPrefix(address)}`, CLIENT_FREE, MINUTE)];
}

/** Buckets of a wrong user code of the device flow (RFC 8628 §5.1). */
export function userCodeBuckets({ address }: { address: string }): Bucket[] {
  return [closing(`user-code:${addressPrefix(address)}`, USER_CODE_FREE, QUARTER_HOUR)];
}

/** Who presents tokens: a client that proved to be one, or whoever is at an address. */
export type Scanner = { readonly clientId: string } | { readonly address: string };

/** Buckets of a token that nobody issued: guessing (RFC 7662 §4). */
export function tokenScanBuckets(scanner: Scanner): Bucket[] {
  if ('clientId' in scanner)
    return [closing(`token-scan:client:${scanner.clientId}`, TOKEN_SCAN_FREE, MINUTE)];
  const { address } = scanner;
  return [
    closing(`token-scan:${addressPrefix(address)}`, TOKEN_SCAN_FREE, MINUTE),
    closing(`token-scan:${addressPrefix(address, 'wide')}`, TOKEN_SCAN_NETWORK_FREE, MINUTE),
  ];
}

/** Buckets of a registration (RFC 7591), which may make us call out. `token`: what it is made with. */
export function registrationBuckets({ token, most }: { token: string; most: number }): Bucket[] {
  return [sending(`registration:${token}`, most)];
}

/**
 * Buckets of mails that anybody may ask for; each mail counts as a failure. Kinds are counted apart for one person: who is
 * sent mails about joining can still be sent one with a new password.
 */
export function mailBuckets(order: {
  kind: string;
  asked: string;
  accountId: string | undefined;
  address: string;
}): Bucket[] {
  const { kind, asked, accountId, address } = order;
  return [
    sending(`mail:${kind}:name:${folded(asked)}`, MAILS_PER_RECIPIENT),
    sending(`mail:${kind}:id:${accountId ?? folded(asked)}`, MAILS_PER_RECIPIENT),
    sending(`mail:${addressPrefix(address)}`, MAILS_PER_ADDRESS),
    sending(`mail:${addressPrefix(address, 'wide')}`, MAILS_PER_NETWORK),
    sending('mail', MAILS_IN_ALL, MAILS_IN_ALL_SECONDS),
  ];
}

/**
 * The keys a success makes good again: those of the account. Addresses are not forgiven, or whoever has one account of
 * their own could reset the counter of all their guesses at others.
 */
export function forgivenKeys(buckets: readonly Bucket[]): string[] {
  return keysOf(buckets.filter((bucket) => bucket.forgivable === true));
}

/** Counts failed sign-ins of an address or network, at whichever accounts. */
export function isOfAddress({ key }: Bucket): boolean {
  return key.startsWith('sign-in:');
}

export function keysOf(buckets: readonly Bucket[]): string[] {
  return buckets.map((bucket) => bucket.key);
}

function addressBuckets(purpose: string, address: string): Bucket[] {
  return [
    closing(`${purpose}:${addressPrefix(address)}`, ADDRESS_FREE, QUARTER_HOUR),
    closing(`${purpose}:${addressPrefix(address, 'wide')}`, NETWORK_FREE, QUARTER_HOUR),
  ];
}

/** 1, 2, 4 … seconds after the free failures, then closed for the day. */
function growing(key: string): Bucket {
  return {
    key,
    forgivable: true,
    free: ACCOUNT_FREE,
    windowSeconds: DAY,
    delay: (failures) =>
      failures >= ACCOUNT_HARD_STOP
        ? DAY
        : Math.min(2 ** (failures - ACCOUNT_FREE), ACCOUNT_DELAY_MAX_SECONDS),
  };
}

/** Closed for a window's length once its free failures are used up. */
function closing(key: string, free: number, windowSeconds: number): Bucket {
  return { key, free, windowSeconds, delay: () => windowSeconds };
}

/** Counted before it is done: the first that is one too many closes it, and is not done. */
function sending(key: string, most: number, windowSeconds = HOUR): Bucket {
  return closing(key, most + 1, windowSeconds);
}

/** Identifiers that look alike count together; the database decides what is the same account. */
function folded(identifier: string): string {
  return identifier.trim().normalize('NFKC').toLowerCase();
}
