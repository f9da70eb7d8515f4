/** Every path this server answers, in one place: for canonical spelling, for 405, for metrics. */
const PROTOCOL_METHODS: Readonly<Record<string, readonly string[]>> = {
  '/token': ['POST'],
  '/token/introspection': ['POST'],
  '/token/revocation': ['POST'],
  '/request': ['POST'],
  '/device/auth': ['POST'],
  '/me': ['GET', 'POST'],
  '/jwks': ['GET'],
  '/verify': ['GET'],
  '/reg': ['POST'],
  '/status-lists': ['GET'],
  '/revocations': ['GET'],
  '/.well-known/openid-configuration': ['GET'],
  '/.well-known/oauth-authorization-server': ['GET'],
};

const PAGE_METHODS: Readonly<Record<string, readonly string[]>> = {
  '/': ['GET'],
  '/auth': ['GET', 'POST'],
  '/device': ['GET', 'POST'],
  '/registration': ['GET', 'POST'],
  '/password-reset': ['GET', 'POST'],
  '/email-change': ['GET', 'POST'],
  '/email-change/done': ['GET'],
  '/session/end': ['GET', 'POST'],
  '/session/end/confirm': ['POST'],
  '/session/end/success': ['GET'],
  '/account': ['GET'],
  '/account/callback': ['GET'],
  '/account/sign-out': ['POST'],
  '/console': ['GET'],
  '/console/callback': ['GET'],
  '/console/sign-out': ['POST'],
  '/setup': ['GET', 'POST'],
  '/mails': ['GET'],
  '/livez': ['GET'],
  '/readyz': ['GET'],
};

const CLIENT_PATH = /^\/reg\/[^/]+$/;
const STATUS_LIST_PATH = /^\/status-lists\/[^/]+$/;

/** Routes with a part that is somebody's id, and so may hold capitals; `*`: and escapes (http/canonical-path.ts). */
export const DYNAMIC_ROUTES = [
  '/auth/:uid',
  '/device/:uid',
  '/reg/:clientId',
  '/status-lists/:id',
  '/interaction/:uid',
  '/interaction/:uid/:step',
  '/interaction/:uid/:step/:item',
  '/account/:page',
  '/account/:page/:action',
  '/account/:page/:action/:item',
  '/admin/v1/:noun',
  '/admin/v1/:noun/:id*',
  '/admin/v1/:noun/:id*/:part',
  '/admin/v1/:noun/:id*/:part/:item*',
  '/admin/v1/:noun/:id',
  '/admin/v1/:noun/:id/:part',
  '/admin/v1/:noun/:id/:part/:item',
  '/console/:screen',
  '/console/:screen/:id',
  '/console/:screen/:id/:action',
  '/mails/:id',
  '/mails/:id/html',
  '/upstream/:slug/metadata',
  '/upstream/:slug/acs',
  '/upstream/:slug/callback',
  '/upstream/:slug/backchannel-logout',
  '/assets/:file',
] as const;

/** Clients, not people: they expect errors of RFC 6749 §5.2. */
export function isProtocolPath(path: string): boolean {
  return path in PROTOCOL_METHODS || CLIENT_PATH.test(path) || STATUS_LIST_PATH.test(path);
}

/** Signing in and out, from the client's request to its answer: some clients do that in a popup. */
const IN_POPUPS = /^\/(?:auth|interaction|upstream|session\/end)(?:\/|$)/;

export function isOpenedByClients(path: string): boolean {
  return IN_POPUPS.test(path);
}

export function methodsOf(path: string): readonly string[] | undefined {
  if (CLIENT_PATH.test(path)) return ['GET', 'PUT', 'DELETE'];
  if (STATUS_LIST_PATH.test(path)) return ['GET'];
  return PROTOCOL_METHODS[path] ?? PAGE_METHODS[path];
}

const PATTERNS = DYNAMIC_ROUTES.map((route) => ({
  route,
  pattern: new RegExp(`^${route.replaceAll(/:\w+\*?/g, '[^/]+')}$`),
}));

/** The name of the route, for metrics: one of a bounded set. */
export function routeOf(path: string): string {
  if (path in PROTOCOL_METHODS || path in PAGE_METHODS) return path;
  return PATTERNS.find(({ pattern }) => pattern.test(path))?.route ?? 'other';
}
