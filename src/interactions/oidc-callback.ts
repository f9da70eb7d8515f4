import type { Middleware } from 'koa';

import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import { saveAnswer, spendRequest } from '../upstream/request-store.ts';
import { sealStrings, stateDigest } from '../upstream/request.ts';
import type { InteractionsContext } from './context.ts';
import { placeOfArrival, STATE } from './arrival-place.ts';

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
    const given = readAnswer(ctx.query);
    const { state = '' } = given;
    const expired = () => showPage(context.views, ctx, 'expired', undefined, { status: 400 });
    if (!STATE.test(state) || ctx.method === 'HEAD') return expired();
    const digest = stateDigest(state);
    const answer = sealStrings(context.seal, 'answer', digest, given);
    const now = context.clock.now();
    const origin = await saveAnswer(context.db.knex, { digest, providerId: provider.id, answer, now });
    // Not a redirect: Chromium holds every hop after the provider's form to that form's `form-action`, on to our client.
    if (origin) {
      const url = placeOfArrival(origin, state);
      return showPage(context.views, ctx, 'upstream-passing', { provider: undefined, url });
    }
    await spendRequest(context.db.knex, digest, now);
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
