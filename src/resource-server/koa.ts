import {
  createAuthenticator,
  withExposedHeaders,
  type AuthOptions,
  type IncomingRequest,
} from './adapter.ts';
import { createMetadataAnswer, type ProtectedResource } from './protected-resource.ts';
import type { Verifier } from './verifier.ts';

/** A context of Koa 3, as much of it as is used. */
export interface KoaContext {
  readonly req: IncomingRequest;
  readonly originalUrl: string;
  readonly state: object;
  readonly response: { get(name: string): unknown };
  status: number;
  body: unknown;
  set(name: string, value: string | string[]): unknown;
}

export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** For Koa: leaves the token at `ctx.state.auth`, which `tokenOf(ctx.state)` reads with its type. Put CORS before it. */
export function koaAuth(verifier: Pick<Verifier, 'authenticate'>, options?: AuthOptions): KoaMiddleware {
  const authenticate = createAuthenticator(verifier, options);
  return async (ctx, next) => {
    const outcome = await authenticate(ctx.req, ctx.originalUrl);
    if (outcome.ok) {
      Object.assign(ctx.state, { auth: outcome.token });
      await next();
      return;
    }
    const headers = withExposedHeaders(outcome.answer, ctx.response.get('Access-Control-Expose-Headers'));
    respond(ctx, outcome.answer.status, headers, outcome.answer.body);
  };
}

/** Serves the metadata document of RFC 9728: `app.use(koaResourceMetadata({ … }))`, at the top. */
export function koaResourceMetadata(about: ProtectedResource): KoaMiddleware {
  const answer = createMetadataAnswer(about);
  return async (ctx, next) => {
    const found = answer(ctx.req.method ?? '', ctx.originalUrl);
    if (found) respond(ctx, found.status, Object.entries(found.headers), found.body);
    else await next();
  };
}

function respond(
  ctx: KoaContext,
  status: number,
  headers: readonly (readonly [string, string | string[]])[],
  body: string,
): void {
  ctx.status = status;
  // The body first: setting it picks a Content-Type, which the headers then replace.
  ctx.body = body;
  for (const [name, value] of headers) ctx.set(name, value);
}
