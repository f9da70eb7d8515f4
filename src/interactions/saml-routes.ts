import type { Context, Middleware } from 'koa';

import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import type { IdentityProviderOf } from '../upstream/identity-provider.ts';
import { serviceMetadata } from '../upstream/saml-metadata.ts';
import type { InteractionsContext } from './context.ts';
import { fieldsOf } from './fields.ts';
import { keepAnswer, STATE } from './upstream-return.ts';

type SamlContext = Pick<
  InteractionsContext,
  'config' | 'clock' | 'db' | 'seal' | 'views' | 'identityProviders'
>;

const ROUTE = /^\/upstream\/([a-z0-9-]{1,40})\/(metadata|acs)$/;
const METHODS = { metadata: ['GET', 'HEAD'], acs: ['POST'] };

/** What this server is to SAML providers: a service provider with metadata and an assertion consumer service. */
export function samlRoutes(context: SamlContext): Middleware {
  return async function answerSaml(ctx, next) {
    const [, slug = '', word] = ROUTE.exec(ctx.path) ?? [];
    if (word !== 'metadata' && word !== 'acs') return next();
    const provider = await context.identityProviders.findBySlug(slug);
    if (provider?.kind !== 'saml') return next();
    const methods = METHODS[word];
    if (!methods.includes(ctx.method)) {
      ctx.set('Allow', methods.join(', '));
      throw httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
    }
    return word === 'metadata' ? showMetadata(context, ctx, provider) : takeResponse(context, ctx, provider);
  };
}

function showMetadata({ config }: SamlContext, ctx: Context, provider: IdentityProviderOf<'saml'>): void {
  ctx.type = 'application/samlmetadata+xml';
  ctx.body = serviceMetadata(config.issuer, provider);
}

/**
 * The browser comes from another site and by a post, so without its cookies: the response is kept as it is, and read when the
 * browser is back with them, where the interaction says whose it is. The first response to a request counts.
 */
async function takeResponse(
  context: SamlContext,
  ctx: Context,
  provider: IdentityProviderOf<'saml'>,
): Promise<void> {
  const { RelayState: state = '', SAMLResponse } = fieldsOf(ctx);
  if (!SAMLResponse) throw httpError('invalid_request', 'A SAML response is missing (SAMLResponse).');
  if (!STATE.test(state)) return startHere(context, ctx, provider);
  if (await keepAnswer(context, ctx, { provider, state, answer: { SAMLResponse } })) return;
  return showPage(context.views, ctx, 'expired', undefined, { status: 400 });
}

/**
 * Begun at the provider's own page. Such a response is never read, because anybody can make a browser post one of theirs; where
 * the operator named a page that begins a sign-in of ours, the person is led there, and the provider knows them already.
 */
function startHere({ views }: SamlContext, ctx: Context, { settings }: IdentityProviderOf<'saml'>): void {
  if (settings.startUrl === null) return showPage(views, ctx, 'expired', undefined, { status: 400 });
  showPage(views, ctx, 'upstream-passing', { provider: undefined, url: settings.startUrl });
}
