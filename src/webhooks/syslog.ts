import type { LookupAddress } from 'node:dns';
import net from 'node:net';
import { hostname } from 'node:os';
import tls from 'node:tls';

/** One event as RFC 5424 has it. */
export interface SyslogMessage {
  /** RFC 3339 in UTC with microseconds, as events have it. */
  readonly timestamp: string;
  /** Of our event: the MSGID. */
  readonly type: string;
  readonly risk: number;
  /** One line. */
  readonly text: string;
}

/** RFC 5424 §6.2.1: "log audit". */
const FACILITY = 13;
const MSGID_LENGTH_MAX = 32;
const PORT_UNSET = 0;

/** A receiver that has not taken a batch by then is asked again. */
const TIMEOUT_MS = 10_000;
/** How long a receiver that closes nothing is waited for once everything was sent. */
const CLOSING_MS = 1_000;

/** RFC 6587 §3.4.1 octet counting: a length, a space, and so many bytes. */
export function frame(message: SyslogMessage): Buffer {
  const { timestamp, type, risk, text } = message;
  const id = type.replaceAll(/[^\x21-\x7e]/g, '-').slice(0, MSGID_LENGTH_MAX) || '-';
  const header = `<${FACILITY * 8 + severityOf(risk)}>1 ${timestamp} ${hostname()} guichet ${process.pid} ${id} -`;
  const bytes = Buffer.from(`${header} ${text}`);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

/** RFC 5424 §6.2.1: critical, warning, notice, informational. */
function severityOf(risk: number): number {
  if (risk >= 80) return 2;
  if (risk >= 50) return 4;
  return risk >= 30 ? 5 : 6;
}

interface Receiver {
  /** Of its host, as the egress guard has checked them. */
  readonly addresses: readonly LookupAddress[];
  readonly ca?: string | undefined;
}

/**
 * All of them over a connection of their own. Syslog acknowledges nothing; so the connection is closed after the last one and the
 * receiver's own end of it is waited for, which it sends when it has read everything. Rejects when that did not work.
 */
export async function sendSyslog(
  url: URL,
  messages: readonly SyslogMessage[],
  { addresses, ca }: Receiver,
): Promise<void> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const lookup: net.LookupFunction = (_hostname, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 4);
  };
  const at = { host, port: Number(url.port) || PORT_UNSET, lookup };
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const socket =
    url.protocol === 'syslogs:'
      ? tls.connect({ ...at, ...servername, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) })
      : net.connect(at);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  let closing: NodeJS.Timeout | undefined;
  socket.once('error', reject);
  socket.once('close', () => resolve());
  // Nothing is to come; it has to be read for its end to be seen.
  socket.resume();
  socket.once(url.protocol === 'syslogs:' ? 'secureConnect' : 'connect', () => {
    for (const message of messages) socket.write(frame(message));
    socket.end(() => {
      closing = setTimeout(() => socket.destroy(), CLOSING_MS);
    });
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    clearTimeout(closing);
    socket.destroy();
  }
}
