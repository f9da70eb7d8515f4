import type { Middleware } from 'koa';

import { httpError } from '../http/errors.ts';
import { readForm } from '../http/read-body.ts';
import type { RevocationContext } from '../revocation/revoke.ts';
import { endUpstreamSessions } from '../revocation/upstream-logout.ts';
import { readLogoutToken } from '../upstream/logout-token.ts';
import { UpstreamError } from '../upstream/problem.ts';
import type { InteractionsContext } from './context.ts';

type LogoutContext = Pick<
  InteractionsContext,
  'config' | 'clock' | 'db' | 'seal' | 'egress' | 'log' | 'identityProviders' | 'oidcIssuers'
> &
  RevocationContext;

const ROUTE = /^\/upstream\/([a-z0-9-]{1,40})\/backchannel-logout$/;

/** Where OpenID providers say that somebody has signed out there (OIDC Back-Channel Logout §2.5 to §2.8). */
export function upstreamLogout(context: LogoutContext): Middleware {
  return async function answerUpstreamLogout(ctx, next) {
    const [, slug] = ROUTE.exec(ctx.path) ?? [];
    const provider = slug === undefined ? undefined : await context.identityProviders.findBySlug(slug);
    if (provider?.kind !== 'oidc') return next();
    if (ctx.method !== 'POST') {
      ctx.set('Allow', 'POST');
      throw httpError('method_not_allowed', 'Use POST here.');
    }
    ctx.set('Cache-Control', 'no-store');
    const tokens = readForm(ctx).getAll('logout_token');
    const [token] = tokens;
    if (token === undefined || tokens.length > 1) return refuse(ctx, 'logout_token is missing');
    try {
      const logout = await readLogoutToken(context, provider, token);
      await endUpstreamSessions(context, { providerId: provider.id, slug: provider.slug, ...logout });
      ctx.status = 200;
      ctx.body = '';
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      context.log.warn({ err: error, provider: provider.slug }, 'a logout token was refused');
      if (error.reason === 'away')
        throw httpError('unavailable', 'The keys of the provider cannot be fetched.');
      refuse(ctx, 'the logout token is not acceptable');
    }
  };
}

/** §2.8 */
function refuse(ctx: Parameters<Middleware>[0], description: string): void {
  ctx.status = 400;
  ctx.body = { error: 'invalid_request', error_description: description };
}
