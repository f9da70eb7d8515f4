import Provider, { type AdapterPayload } from 'oidc-provider';

import type { SessionClient } from '../sessions/session.ts';

/**
 * A code or token that ends with its session is good only while the session names its grant for its client
 * (models/token_helpers.js). The library knows one grant a client; two tabs that sign in to one client at once may each have
 * made one. So the session is shown with the grant of whatever the request under way has presented.
 */
const presented = new WeakMap<object, string>();

export function rememberPresented(payload: AdapterPayload): void {
  const ctx = Provider.ctx;
  if (ctx && payload.expiresWithSession && payload.grantId !== undefined) presented.set(ctx, payload.grantId);
}

/** The clients of a session in the order in which the last one of a name counts. */
export function presentedLast(clients: readonly SessionClient[]): readonly SessionClient[] {
  const grantId = Provider.ctx && presented.get(Provider.ctx);
  if (grantId === undefined) return clients;
  const isPresented = (client: SessionClient) => client.grantId === grantId;
  return [...clients.filter((client) => !isPresented(client)), ...clients.filter(isPresented)];
}
