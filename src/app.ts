import type { RequestListener } from 'node:http';

import { accountRoutes } from './account/routes.ts';
import { adminRoutes } from './admin/routes.ts';
import { refuseBlocked } from './blocks/refuse-blocked.ts';
import { explainError, recordDecisions } from './decisions/record-decisions.ts';
import { under } from './audit/circumstances.ts';
import { consoleRoutes } from './console/routes.ts';
import { VERIFY_PATH, verifyForGateways } from './gateway/verify.ts';
import { canonicalPath } from './http/canonical-path.ts';
import { clientAddressFrom } from './http/client-address.ts';
import { handleErrors } from './http/handle-errors.ts';
import { pinHost } from './http/host-pin.ts';
import { jsonForClients } from './http/json-for-clients.ts';
import { limits } from './http/limits.ts';
import { measure } from './http/metrics.ts';
import { except, stateOf, type Middleware } from './http/middleware.ts';
import { checkBody } from './http/read-body.ts';
import { requestId } from './http/request-id.ts';
import { securityHeaders } from './http/security-headers.ts';
import { wellFormedUrl } from './http/well-formed.ts';
import { createPasswordCheck } from './interactions/check-password.ts';
import { linkRoutes } from './interactions/links.ts';
import { createProviderPages } from './interactions/provider-pages.ts';
import { interactionRoutes } from './interactions/routes.ts';
import { samlRoutes } from './interactions/saml-routes.ts';
import { createCurrentSessions } from './oidc/current-session.ts';
import { oidcCallback } from './interactions/oidc-callback.ts';
import { upstreamLogout } from './interactions/upstream-logout.ts';
import { createInteractions } from './oidc/interactions.ts';
import { createProvider } from './oidc/provider.ts';
import { assets } from './public/assets.ts';
import { brandAssets } from './public/brand-assets.ts';
import { frontPage } from './public/front-page.ts';
import { outbox } from './public/outbox.ts';
import { health, HEALTH_PATHS } from './public/health.ts';
import { revocationStream } from './public/revocation-stream.ts';
import { statusLists } from './public/status-lists.ts';
import { createStreamReaders } from './public/stream-readers.ts';
import { DYNAMIC_ROUTES, isOpenedByClients, isProtocolPath, methodsOf, routeOf } from './routes.ts';
import type { Services } from './services.ts';
import { createViews } from '../views/render.ts';

export interface App {
  readonly listener: RequestListener;
  /** Ends what goes on without a request: streams. */
  close(): void;
}

/**
 * The whole server as a function of requests. The provider is itself a Koa app, so everything else stands in front of its
 * router. It is built anew when the signing keys change; requests under way finish on the old one.
 */
export function createApp(services: Services, { isDraining }: { isDraining: () => boolean }): App {
  const { config, log } = services;
  const views = createViews(config);
  const pages = createProviderPages({ ...services, views });
  const hall = { ...services, pages };
  const interactions = createInteractions(hall, () => current);
  const sessions = createCurrentSessions(hall, () => current);
  const readers = createStreamReaders(services);
  const checkPassword = createPasswordCheck({ ...services, views });

  // In running order, outermost first.
  const front = [
    requestId(),
    clientAddressFrom(config.trustedProxies, config.clientCertificateHeader),
    rememberCircumstances,
    securityHeaders(config, isOpenedByClients),
    measure(services.metrics, routeOf),
    recordDecisions(services, routeOf),
    handleErrors({
      log,
      onError: explainError,
      isProtocolPath,
      methodsOf,
      renderError: (ctx, view) =>
        pages.error(ctx, {
          status: view.status,
          error: view.code,
          description: view.detail,
          requestId: view.requestId,
        }),
    }),
    refuseBlocked(services.blocks, HEALTH_PATHS),
    // Gateways ask by address, and some can send no other Host; the answer holds nothing that is made from it.
    pinHost({ issuer: config.issuer, exempt: [...HEALTH_PATHS, VERIFY_PATH] }),
    health({ ...services, isDraining }),
    limits(),
    wellFormedUrl(),
    canonicalPath({ dynamic: DYNAMIC_ROUTES }),
    verifyForGateways(services),
    jsonForClients({ isProtocolPath }),
    checkBody(),
    statusLists(services),
    revocationStream(services, readers),
    except(isProtocolPath, [
      adminRoutes(services),
      assets({ views }),
      brandAssets(services),
      frontPage({ ...services, views }),
      outbox({ ...services, views }),
      interactionRoutes({ ...services, views }, interactions),
      samlRoutes({ ...services, views }),
      oidcCallback({ ...services, views }),
      upstreamLogout(services),
      accountRoutes({ ...services, views, sessions, checkPassword }),
      consoleRoutes({ ...services, views, sessions }),
      linkRoutes({ ...services, views }, interactions),
    ]),
  ];

  const build = () => createProvider(hall, front);
  let current = build();
  let listener = current.callback();
  services.keys.onChange(() => {
    current = build();
    listener = current.callback();
    log.info('the signing keys changed');
  });
  return { listener: (req, res) => void listener(req, res), close: () => readers.close() };
}

/** What is recorded while a request is answered says which one it was and where it came from. */
const rememberCircumstances: Middleware = (ctx, next) => {
  const { requestId, address, spoofedHeaders } = stateOf(ctx);
  return under({ requestId, address, ...(spoofedHeaders ? SPOOFED : {}) }, next);
};

const SPOOFED = { reasons: ['spoofed-headers'] } as const;
