import type { CustomFetch } from 'openid-client';

import type { ProtocolContext } from './protocol.ts';

/** For one call of ours: discovery, token, keys or userinfo. The person waits for three of them. */
export const TIMEOUT_SECONDS = 5;

/** Through the egress guard, which follows no redirects. */
export function guardedFetch({ egress, config }: Pick<ProtocolContext, 'egress' | 'config'>): CustomFetch {
  return (url, { method, headers, body, signal }) =>
    egress.fetch(url, {
      method,
      headers,
      ...(typeof body === 'string' || body instanceof URLSearchParams ? { body } : {}),
      ...(signal ? { signal } : {}),
      timeoutMs: TIMEOUT_SECONDS * 1000,
      allowLoopback: config.mode === 'development',
    });
}
