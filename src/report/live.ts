import { connect, type TLSSocket } from 'node:tls';

import type { Config } from '../config/config.ts';
import { networkReasonOf } from '../errors.ts';

/** What somebody sees who comes to the issuer's address. */
export interface LiveFacts {
  /** Why nothing was seen. */
  readonly problem: string | undefined;
  /** Lower-case names; of the page for people. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsFacts | undefined;
}

export interface TlsFacts {
  readonly protocol: string;
  readonly certificateExpiresAt: Date;
  /** Whether this machine trusts the certificate. */
  readonly trusted: boolean;
}

const TIMEOUT_MS = 5_000;

/**
 * Asks the operator's own server at its own address, which is why it is no affair of the egress guard. Never throws: that nothing
 * answers is a finding.
 */
export async function lookAtIssuer({ issuer }: Pick<Config, 'issuer'>): Promise<LiveFacts> {
  // Looked at by itself: the request fails when the certificate is not trusted.
  const tls = issuer.startsWith('https:')
    ? await lookAtTls(new URL(issuer)).catch(() => undefined)
    : undefined;
  try {
    const response = await fetch(`${issuer}/`, {
      redirect: 'manual',
      headers: { Accept: 'text/html' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    const headers = Object.fromEntries(response.headers.entries());
    return { problem: undefined, headers, tls };
  } catch (error) {
    return { problem: networkReasonOf(error), headers: {}, tls };
  }
}

async function lookAtTls({ hostname, port }: URL): Promise<TlsFacts> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  // What is offered is reported, trusted or not.
  const socket = connect({
    host: hostname,
    port: Number(port || 443),
    servername: hostname,
    rejectUnauthorized: false,
  });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('it does not answer in time')));
  socket.once('secureConnect', () => resolve(socket)).once('error', reject);
  try {
    await promise;
    const { valid_to: until } = socket.getPeerCertificate();
    return {
      protocol: socket.getProtocol() ?? 'unknown',
      certificateExpiresAt: new Date(until),
      trusted: socket.authorized,
    };
  } finally {
    socket.destroy();
  }
}
