import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { BerReader, Client } from 'ldapts';

import { AppError } from '../errors.ts';
import { createEgressPolicy } from '../http/egress-policy.ts';
import { lookupBySystem } from '../http/name-lookups.ts';
import { addressOf, type LdapAddress, type LdapSettings } from './ldap-settings.ts';

export interface LdapContext {
  readonly config: { readonly egressAllow: readonly string[] };
  /** For everything from the name to the last answer. */
  readonly directoryTimeoutMs?: number;
}

/** A directory next door answers within milliseconds; people wait this long for one that does not. */
const TIMEOUT_MS = 5_000;
const RETRY_SECONDS = 10;

/**
 * Directories are named by the operator and live in private networks, so those are open to them. What no directory is found
 * at stays closed: link-local addresses (cloud metadata), multicast, and this machine unless it was named as such.
 */
const PRIVATE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

/** RFC 4511 §4.14.1: the extended request 1.3.6.1.4.1.1466.20037, message 1. */
const START_TLS = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037'),
]);
const EXTENDED_RESPONSE = 0x78;
/** With a diagnostic message of any sensible length. */
const START_TLS_ANSWER_BYTES_MAX = 4_096;

/**
 * Works with a connection of its own: names resolved once and checked, TLS verified before a byte of LDAP is sent. Referrals
 * lead nowhere, because whoever answers for the directory would then choose who gets the next password. Throws
 * `directory_unavailable` (503) when the directory cannot be reached, trusted or understood in time.
 */
export async function withDirectory<T>(
  { config, directoryTimeoutMs = TIMEOUT_MS }: LdapContext,
  settings: LdapSettings,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(directoryTimeoutMs);
  const { promise: late, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(new Error('no answer in time')));
  const opened: Socket[] = [];

  async function connectAndWork(): Promise<T> {
    const address = addressOf(settings);
    const addresses = await resolve(config, address, signal);
    signal.throwIfAborted();
    const socket = openSocket(address, addresses);
    opened.push(socket);
    await once(socket, 'connect');
    return work(clientOn(await protect(socket, address, settings)));
  }

  try {
    return await Promise.race([connectAndWork(), late]);
  } catch (error) {
    throw error instanceof AppError ? error : directoryUnavailable(error);
  } finally {
    for (const socket of opened) socket.destroy();
  }
}

/** Safe to show: it names neither the directory nor the reason, which the log has as its cause. */
export function directoryUnavailable(cause: unknown): AppError {
  return new AppError('directory_unavailable', 'The directory cannot be reached right now.', {
    status: 503,
    retryAfterSeconds: RETRY_SECONDS,
    cause,
  });
}

/** The library connects again by itself when a connection is lost, to wherever it likes: it gets this socket, once. */
function clientOn(socket: Socket): Client {
  let isTaken = false;
  return new Client({
    url: 'ldap://directory.invalid',
    createConnection: () => {
      if (isTaken) throw new Error('the connection was lost');
      isTaken = true;
      return socket;
    },
  });
}

function openSocket({ host, port }: LdapAddress, addresses: readonly LookupAddress[]): Socket {
  const socket = connectTcp({
    host,
    port,
    lookup: (_hostname, { all }, callback) => {
      const [first] = addresses;
      if (all) callback(null, [...addresses]);
      else callback(null, first?.address ?? '', first?.family ?? 4);
    },
  });
  // Whoever waits for something hears of it; between two of them nobody does, and that must not end the process.
  return socket.on('error', () => undefined);
}

async function protect(socket: Socket, address: LdapAddress, settings: LdapSettings): Promise<Socket> {
  if (address.isTls) return secure(socket, address, settings);
  if (!settings.startTls) return socket;
  await startTls(socket);
  return secure(socket, address, settings);
}

async function resolve(
  { egressAllow }: LdapContext['config'],
  address: LdapAddress,
  signal: AbortSignal,
): Promise<LookupAddress[]> {
  const { host, isLoopback } = address;
  const policy = createEgressPolicy([...egressAllow, ...PRIVATE_NETWORKS]);
  const family = isIP(host);
  const addresses = family ? [{ address: host, family }] : await lookupBySystem(host, signal);
  const isFine =
    policy.isNameAllowed(host) ||
    addresses.every((each) => policy.isAddressAllowed(each.address, { allowLoopback: isLoopback }));
  if (!isFine) throw new Error(`${host} has an address that no directory may have`);
  return addresses;
}

/**
 * The library's own `startTLS` would keep what came in the clear behind the answer and read it as if it had been encrypted,
 * so that somebody on the way could answer a bind themselves. Here the answer is exactly one message, or the end.
 */
async function startTls(socket: Socket): Promise<void> {
  socket.write(START_TLS);
  let answer = Buffer.alloc(0);
  while (!isWhole(answer)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answer = Buffer.concat([answer, chunk]);
    if (answer.length > START_TLS_ANSWER_BYTES_MAX) throw new Error('an endless answer to StartTLS');
  }
  socket.pause();
  const reader = new BerReader(answer);
  reader.readSequence();
  if (reader.remain !== reader.length) throw new Error('data in the clear behind the answer to StartTLS');
  const isDone =
    reader.readInt() === 1 && reader.readSequence() === EXTENDED_RESPONSE && reader.readEnumeration() === 0;
  if (!isDone) throw new Error('the directory does not start TLS');
}

/** Whether the first message is there to its end. */
function isWhole(bytes: Buffer): boolean {
  const reader = new BerReader(bytes);
  return reader.readSequence() !== null && reader.remain >= reader.length;
}

async function secure(socket: Socket, { host }: LdapAddress, { ca }: LdapSettings): Promise<Socket> {
  const secured = connectTls({
    socket,
    host,
    // RFC 6066 §3: addresses are no server names. The certificate is compared with `host` then.
    servername: isIP(host) ? '' : host,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca === null ? {} : { ca }),
  });
  secured.on('error', () => undefined);
  // A connection that ends during the handshake does so without an error.
  const lost = once(secured, 'close').then(() => {
    throw new Error('the connection ended during the TLS handshake');
  });
  await Promise.race([once(secured, 'secureConnect'), lost]);
  return secured;
}
