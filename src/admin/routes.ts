import type Koa from 'koa';

import { httpError } from '../http/errors.ts';
import { stateOf, type Middleware } from '../http/middleware.ts';
import { TokenError } from '../resource-server/token-error.ts';
import { createMetadataAnswer } from '../resource-server/protected-resource.ts';
import { createAuthenticate, type Authenticate } from './authenticate.ts';
import type { AdminContext } from './context.ts';
import { etagOf, isNotModified } from './etag.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { ADMIN_PATH, adminAudience } from './paths.ts';
import { perform } from './perform.ts';
import { ADMIN_SCOPES } from './scopes.ts';

const OPENAPI_PATH = `${ADMIN_PATH}/openapi.json`;

/** An operation and what its path looks like. */
interface Route {
  readonly operation: Operation;
  readonly pattern: RegExp;
}

/** `/admin/v1/…`, its OpenAPI document, and what it says of itself as a protected resource (RFC 9728). */
export function adminRoutes(context: AdminContext): Middleware {
  const routes = OPERATIONS.map((operation) => ({ operation, pattern: patternOf(operation.path) }));
  const authenticate = createAuthenticate(context);
  const describe = createMetadataAnswer({
    resource: adminAudience(context.config),
    authorizationServers: [context.config.issuer],
    scopesSupported: ADMIN_SCOPES.map(({ name }) => name),
    resourceName: 'Guichet admin API',
  });
  // Rendered when it is first asked for: at the start it would cost 150 ms.
  let openApi: string | undefined;

  return async function answerAdminApi(ctx, next) {
    const described = describe(ctx.method, ctx.path);
    if (described) return send(ctx, described);
    if (ctx.path !== ADMIN_PATH && !ctx.path.startsWith(`${ADMIN_PATH}/`)) return next();
    ctx.set('Cache-Control', 'no-store');
    if (ctx.path === OPENAPI_PATH) {
      openApi ??= JSON.stringify(openApiDocument(context.config.issuer, OPERATIONS));
      return sendOpenApi(ctx, openApi);
    }
    return answer(context, ctx, routes, authenticate);
  };
}

async function answer(
  context: AdminContext,
  ctx: Koa.Context,
  routes: readonly Route[],
  authenticate: Authenticate,
): Promise<void> {
  const path = ctx.path.slice(ADMIN_PATH.length);
  const here = routes.filter(({ pattern }) => pattern.test(path));
  if (here.length === 0) throw httpError('not_found', 'There is nothing at this address.');
  const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
  const route = here.find(({ operation }) => operation.method === method);
  if (!route) {
    const methods = here.map(({ operation }) => operation.method);
    ctx.set('Allow', methods.join(', '));
    throw httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
  }
  const operator = await authenticate(ctx).catch((error: unknown) => refuse(ctx, error));
  if (!operator) return;
  const { operation, pattern } = route;
  const done = await perform(
    context,
    operation,
    {
      params: paramsOf(pattern.exec(path)?.groups),
      query: readQuery(ctx),
      body: readBody(ctx, operation),
      ifMatch: header(ctx, 'if-match'),
      idempotencyKey: method === 'POST' ? keyOf(header(ctx, 'idempotency-key')) : undefined,
    },
    operator,
  ).catch((error: unknown) => challengeScope(ctx, operation, error));
  if (done.replayed) ctx.set('Idempotency-Replayed', 'true');
  present(ctx, operation, done);
}

function present(
  ctx: Koa.Context,
  operation: Operation,
  { status, document }: { status: number; document: unknown },
): void {
  ctx.status = status;
  if (operation.resource && document !== undefined) {
    const etag = etagOf(document);
    ctx.set('ETag', etag);
    if (operation.method === 'GET' && isNotModified(header(ctx, 'if-none-match'), etag)) {
      ctx.status = 304;
      return;
    }
  }
  ctx.body = status === 204 ? null : JSON.stringify(document);
  if (status !== 204) ctx.type = 'application/json';
}

/** RFC 6750 §3: what is wrong with the token, as challenge and as problem. */
function refuse(ctx: Koa.Context, error: unknown): undefined {
  if (!(error instanceof TokenError)) throw error;
  ctx.status = error.status;
  for (const [name, value] of Object.entries(error.headers))
    ctx.set(name, typeof value === 'string' ? value : [...value]);
  ctx.body = JSON.stringify({
    type: `urn:guichet:error:${error.code}`,
    title: error.status === 503 ? 'Temporarily unavailable' : 'Not authenticated',
    status: error.status,
    code: error.code,
    detail: error.message,
    request_id: stateOf(ctx).requestId,
  });
  ctx.type = 'application/problem+json';
}

/** RFC 6750 §3.1: the challenge names the scope. */
function challengeScope(ctx: Koa.Context, { scope }: Operation, error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'insufficient_scope') {
    ctx.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`);
  }
  throw error;
}

/** A parameter given twice is no string, which its schema then says. */
function readQuery(ctx: Koa.Context): Record<string, unknown> {
  return { ...ctx.query };
}

function readBody(ctx: Koa.Context, { body, method }: Operation): unknown {
  const takesBody = body.def.type !== 'undefined';
  const { bodyText } = stateOf(ctx);
  if (!takesBody) {
    if (bodyText && method !== 'GET')
      throw httpError('invalid_request', 'There is nothing to say in a body here.');
    return undefined;
  }
  if (!ctx.is('json', '+json')) {
    throw httpError('unsupported_media_type', 'The body must be JSON (Content-Type: application/json).');
  }
  try {
    return JSON.parse(bodyText ?? '');
  } catch {
    throw httpError('malformed_request', 'The body is not JSON.');
  }
}

/** An sf-string (RFC 8941 §3.3.3) stands in quotes; most clients leave them out. */
function keyOf(value: string | undefined): string | undefined {
  return value?.replace(/^"(.*)"$/, '$1');
}

function header(ctx: Koa.Context, name: string): string | undefined {
  const value = ctx.req.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Ids of people who came from elsewhere may hold what has to be escaped; http/canonical-path.ts has seen that it is. */
function paramsOf(groups: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
}

function sendOpenApi(ctx: Koa.Context, document: string): void {
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
    ctx.set('Allow', 'GET, HEAD');
    throw httpError('method_not_allowed', 'Use GET here.');
  }
  ctx.body = document;
  ctx.type = 'application/json';
}

function send(
  ctx: Koa.Context,
  { status, headers, body }: { status: number; headers: Readonly<Record<string, string>>; body: string },
): void {
  ctx.status = status;
  ctx.set(headers);
  ctx.body = status === 204 ? null : body;
}
