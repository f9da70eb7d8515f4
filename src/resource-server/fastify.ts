import {
  createAuthenticator,
  withExposedHeaders,
  type AuthOptions,
  type IncomingRequest,
} from './adapter.ts';
import { createMetadataAnswer, type ProtectedResource } from './protected-resource.ts';
import type { Verifier } from './verifier.ts';

/** A request of Fastify 5, as much of it as is looked at. */
export interface FastifyRequest {
  readonly raw: IncomingRequest;
  readonly originalUrl: string;
}

/** A reply of Fastify 5. */
export interface FastifyReply {
  code(status: number): unknown;
  header(name: string, value: string | string[]): unknown;
  getHeader(name: string): unknown;
  send(body: string): unknown;
}

export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * For Fastify 5, as the `onRequest` (before the body is read) or `preHandler` hook of a route, a plugin or the whole server. Leaves
 * the token at `request.auth`, which `tokenOf(request)` reads with its type. Register CORS before it.
 */
export function fastifyAuth(verifier: Pick<Verifier, 'authenticate'>, options?: AuthOptions): FastifyHook {
  const authenticate = createAuthenticator(verifier, options);
  return async (request, reply) => {
    const outcome = await authenticate(request.raw, request.originalUrl);
    if (outcome.ok) {
      Object.assign(request, { auth: outcome.token });
      return undefined;
    }
    const headers = withExposedHeaders(outcome.answer, reply.getHeader('Access-Control-Expose-Headers'));
    return respond(reply, outcome.answer.status, headers, outcome.answer.body);
  };
}

/** Serves the metadata document of RFC 9728: `app.addHook('onRequest', fastifyResourceMetadata({ … }))` on the root. */
export function fastifyResourceMetadata(about: ProtectedResource): FastifyHook {
  const answer = createMetadataAnswer(about);
  return async (request, reply) => {
    const found = answer(request.raw.method ?? '', request.originalUrl);
    return found && respond(reply, found.status, Object.entries(found.headers), found.body);
  };
}

/** Fastify goes no further when a hook resolves with the reply that was sent. */
function respond(
  reply: FastifyReply,
  status: number,
  headers: readonly (readonly [string, string | string[]])[],
  body: string,
): FastifyReply {
  reply.code(status);
  for (const [name, value] of headers) reply.header(name, value);
  reply.send(body);
  return reply;
}
