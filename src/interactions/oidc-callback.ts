import type { Middleware } from 'koa';

import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import { spendRequest } from '../upstream/request-store.ts';
import { stateDigest } from '../upstream/request.ts';
import type { InteractionsContext } from './context.ts';
import { keepAnswer, STATE } from './upstream-return.ts';

type CallbackContext = Pick<InteractionsContext, 'clock' | 'db' | 'seal' | 'views' | 'identityProviders'>;

const ROUTE = /^\/upstream\/([a-z0-9-]{1,40})\/callback$/;
/** RFC 6749 §4.1.2 and §4.1.2.1, RFC 9207. The rest of what they send is for nobody here. */
const PARAMETERS = ['code', 'state', 'iss', 'error'] as const;

/**
 * Where OpenID providers send the browser back to (`redirect_uri`). The answer is kept and read where the browser shows that it
 * is the one that left. A state at the address of another provider is a mix-up (RFC 9700 §4.4), and the request is over.
 */
export function oidcCallback(context: CallbackContext): Middleware {
  return async function answerOidc(ctx, next) {
    const [, slug] = ROUTE.exec(ctx.path) ?? [];
    const provider = slug === undefined ? undefined : await context.identityProviders.findBySlug(slug);
    if (provider?.kind !== 'oidc') return next();
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD');
      throw httpError('method_not_allowed', 'Use GET or HEAD here.');
    }
    const answer = readAnswer(ctx.query);
    const { state = '' } = answer;
    const expired = () => showPage(context.views, ctx, 'expired', undefined, { status: 400 });
    if (!STATE.test(state) || ctx.method === 'HEAD') return expired();
    if (await keepAnswer(context, ctx, { provider, state, answer })) return;
    await spendRequest(context.db.knex, stateDigest(state), context.clock.now());
    return expired();
  };
}

function readAnswer(query: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const answer: Record<string, string> = {};
  for (const name of PARAMETERS) {
    const value = query[name];
    if (Array.isArray(value)) throw httpError('invalid_request', 'A parameter was sent twice.');
    if (value !== undefined) answer[name] = value;
  }
  return answer;
}
