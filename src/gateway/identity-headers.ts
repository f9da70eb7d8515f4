import type Koa from 'koa';

import type { VerifiedToken } from '../resource-server/verifier.ts';

/**
 * What the API behind the gateway learns, one value for each name, always. A gateway must remove these names from what the
 * client sent, and copy every one of them from the answer.
 */
export function setIdentity(ctx: Koa.Context, audience: string, token: VerifiedToken): void {
  const { claims } = token;
  ctx.set({
    'X-Auth-Subject': plain(token.subject),
    'X-Auth-Client-Id': plain(token.clientId),
    'X-Auth-Audience': plain(audience),
    'X-Auth-Scope': plain([...token.scopes].join(' ')),
    'X-Auth-Token-Id': plain(String(claims.jti)),
    'X-Auth-Expires': String(claims.exp),
  });
}

/** Header values are printable ASCII (RFC 9110 §5.5). Ids of ours are; those that others chose are escaped where they are not. */
function plain(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]+/g, encodeURIComponent);
}
