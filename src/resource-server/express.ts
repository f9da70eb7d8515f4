import {
  createAuthenticator,
  withExposedHeaders,
  type AuthOptions,
  type IncomingRequest,
} from './adapter.ts';
import { respond, type OutgoingResponse } from './node-http.ts';
import { createMetadataAnswer, type ProtectedResource } from './protected-resource.ts';
import type { Verifier } from './verifier.ts';

/** A request of Express 5; `req.url` loses what a router was mounted at, `originalUrl` does not. */
export interface ExpressRequest extends IncomingRequest {
  readonly originalUrl: string;
}

export type ExpressMiddleware = (
  req: ExpressRequest,
  res: OutgoingResponse,
  next: () => void,
) => void | Promise<void>;

/** For Express 5: leaves the token at `req.auth`, which `tokenOf(req)` reads with its type. Put `cors()` before it. */
export function expressAuth(
  verifier: Pick<Verifier, 'authenticate'>,
  options?: AuthOptions,
): ExpressMiddleware {
  const authenticate = createAuthenticator(verifier, options);
  return async (req, res, next) => {
    const outcome = await authenticate(req, req.originalUrl);
    if (outcome.ok) {
      Object.assign(req, { auth: outcome.token });
      next();
      return;
    }
    const headers = withExposedHeaders(outcome.answer, res.getHeader('Access-Control-Expose-Headers'));
    respond(res, outcome.answer.status, headers, outcome.answer.body);
  };
}

/** Serves the metadata document of RFC 9728: `app.use(expressResourceMetadata({ … }))`, at the top. */
export function expressResourceMetadata(about: ProtectedResource): ExpressMiddleware {
  const answer = createMetadataAnswer(about);
  return (req, res, next) => {
    const found = answer(req.method ?? '', req.originalUrl);
    if (found) respond(res, found.status, Object.entries(found.headers), found.body);
    else next();
  };
}
