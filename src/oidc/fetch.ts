import Provider, { type Configuration } from 'oidc-provider';

import type { HallContext } from './context.ts';

/** The library gives up after 2.5 s by itself; a little more, so that its own error is the one that is told. */
const TIMEOUT_MS = 3000;
const BODY_BYTES_MAX = 65_536;

/**
 * Whatever the library fetches (a client's keys, a sector document) goes through the egress guard. Loopback is open to
 * clients that an operator registered on a development machine, never to one that registered itself.
 */
export function guardedFetch(hall: HallContext): NonNullable<Configuration['fetch']> {
  return async (url, options) => {
    const clientId = Provider.ctx?.oidc.client?.clientId;
    const record = clientId === undefined ? undefined : await hall.clients.find(clientId);
    return hall.egress.fetch(url instanceof Request ? url.url : url, {
      ...(options?.method === undefined ? {} : { method: options.method }),
      ...(options?.headers === undefined ? {} : { headers: options.headers }),
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: BODY_BYTES_MAX,
      allowLoopback: hall.config.mode === 'development' && record?.origin === 'operator',
    });
  };
}
