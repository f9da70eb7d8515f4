import {
  createAuthenticator,
  withExposedHeaders,
  type AuthOptions,
  type IncomingRequest,
} from './adapter.ts';
import { createMetadataAnswer, type ProtectedResource } from './protected-resource.ts';
import type { VerifiedToken, Verifier } from './verifier.ts';

/** `http.ServerResponse`, as much of it as is used. */
export interface OutgoingResponse {
  statusCode: number;
  setHeader(name: string, value: string | string[]): unknown;
  getHeader(name: string): unknown;
  end(body?: string): unknown;
}

/** For node:http. The token, or `undefined` when the request was refused and has its answer. */
export function httpAuth(
  verifier: Pick<Verifier, 'authenticate'>,
  options?: AuthOptions,
): (req: IncomingRequest, res: OutgoingResponse) => Promise<VerifiedToken | undefined> {
  const authenticate = createAuthenticator(verifier, options);
  return async (req, res) => {
    const outcome = await authenticate(req, req.url ?? '');
    if (outcome.ok) return outcome.token;
    const headers = withExposedHeaders(outcome.answer, res.getHeader('Access-Control-Expose-Headers'));
    respond(res, outcome.answer.status, headers, outcome.answer.body);
    return undefined;
  };
}

/** The metadata document of RFC 9728. True when the request was for it and has its answer. */
export function httpResourceMetadata(
  about: ProtectedResource,
): (req: IncomingRequest, res: OutgoingResponse) => boolean {
  const answer = createMetadataAnswer(about);
  return (req, res) => {
    const found = answer(req.method ?? '', req.url ?? '');
    if (found) respond(res, found.status, Object.entries(found.headers), found.body);
    return found !== undefined;
  };
}

/** Also what Express sends with: its response is node's. */
export function respond(
  res: OutgoingResponse,
  status: number,
  headers: readonly (readonly [string, string | string[]])[],
  body: string,
): void {
  res.statusCode = status;
  for (const [name, value] of headers) res.setHeader(name, value);
  res.end(body);
}
