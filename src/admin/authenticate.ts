import type Koa from 'koa';

import { createOwnTokenCheck } from '../gateway/own-token-check.ts';
import { throttleScans } from '../gateway/unknown-tokens.ts';
import { clientCertificate } from '../http/client-certificate.ts';
import { stateOf } from '../http/middleware.ts';
import { linesOf } from '../http/proxy-header.ts';
import type { VerifiedToken } from '../resource-server/verifier.ts';
import type { AdminContext } from './context.ts';
import type { Operator } from './operation.ts';
import { adminAudience } from './paths.ts';

export type Authenticate = (ctx: Koa.Context) => Promise<Operator>;

/**
 * Whoever holds an access token of ours for this API: a bearer token (RFC 6750), or one bound by DPoP (RFC 9449) or a certificate
 * (RFC 8705) with its proof. Throws `TokenError`, which knows its answer, or a 429 for who presents many invented tokens.
 */
export function createAuthenticate(context: AdminContext): Authenticate {
  const check = createOwnTokenCheck(context);
  const audiences = [adminAudience(context.config)];
  return async (ctx) => {
    const request = {
      method: ctx.method,
      url: `${context.config.issuer}${ctx.path}`,
      authorization: linesOf(ctx.req.rawHeaders, 'authorization'),
      dpop: linesOf(ctx.req.rawHeaders, 'dpop'),
      certificate: clientCertificate(ctx, context.config.clientCertificateHeader)?.raw,
    };
    const verified = await check.authenticate(request, undefined, audiences).catch(async (error: unknown) => {
      await throttleScans(context, ctx, error);
      throw error;
    });
    const operator = operatorOf(verified);
    return { ...operator, address: stateOf(ctx).address };
  };
}

/** RFC 9068 §2.2: for a client that acts for itself, `sub` is the client. */
function operatorOf({ subject, clientId, scopes }: VerifiedToken): Operator {
  return { actor: subject === clientId ? `client:${clientId}` : `account:${subject}`, scopes };
}
