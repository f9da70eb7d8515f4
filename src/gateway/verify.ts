/**
 * Forward authentication: `GET /verify`. A gateway (nginx, HAProxy, Traefik, Caddy, Envoy) that holds a request asks here with
 * the credentials of that request, and lets it pass on 200. The check is the one of the published verifier (resource-server/),
 * answered from this house's own keys and ledger, so that a revocation counts with the next request. RFC 6750 and RFC 9449
 * rule the answers. Whoever asks learns nothing but what the token itself says.
 */
import type Koa from 'koa';

import type { Config } from '../config/config.ts';
import { quote, type DecisionLine } from '../decisions/decision.ts';
import { explain } from '../decisions/explain.ts';
import { clientCertificate } from '../http/client-certificate.ts';
import { httpError } from '../http/errors.ts';
import { stateOf, type Middleware } from '../http/middleware.ts';
import { linesOf } from '../http/proxy-header.ts';
import type { Limits } from '../limits/limits.ts';
import type { ApiCache } from '../resources/cache.ts';
import { TokenError } from '../resource-server/token-error.ts';
import type { ResourceRequest } from '../resource-server/verifier.ts';
import { readDemands, type Demands } from './demands.ts';
import { setIdentity } from './identity-headers.ts';
import { originalRequest } from './original-request.ts';
import { createOwnTokenCheck, type OwnTokenContext } from './own-token-check.ts';
import { throttleScans } from './unknown-tokens.ts';

export interface GatewayContext extends OwnTokenContext {
  readonly config: Pick<Config, 'issuer' | 'clientCertificateHeader'>;
  readonly apis: ApiCache;
  readonly limits: Limits;
}

export const VERIFY_PATH = '/verify';

export function verifyForGateways(ctx: GatewayContext): Middleware {
  const check = createOwnTokenCheck(ctx);

  return async function answerGateway(koa, next) {
    if (koa.path !== VERIFY_PATH || (koa.method !== 'GET' && koa.method !== 'HEAD')) return next();
    koa.set('Cache-Control', 'no-store');
    const demands = readDemands(koa);
    await requireApi(ctx, demands.audience);
    try {
      const request = describeRequest(ctx, koa);
      const token = await check.authenticate(request, demands.requirements, [demands.audience]);
      setIdentity(koa, demands.audience, token);
      koa.status = 200;
      koa.body = '';
      koa.remove('Content-Type');
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      await throttleScans(ctx, koa, error);
      refuse(koa, error, demands);
    }
    return undefined;
  };
}

/** No token is ever meant for an API that does not exist: the gateway's configuration is wrong, and its operator should see it. */
async function requireApi({ apis }: GatewayContext, audience: string): Promise<void> {
  if (await apis.findByAudience(audience)) return;
  throw httpError('invalid_request', 'The audience that the gateway names is no API of this server.');
}

function describeRequest({ config }: GatewayContext, koa: Koa.Context): ResourceRequest {
  const authorization = linesOf(koa.req.rawHeaders, 'authorization');
  return {
    // Only a proof speaks of them, and so nothing else can fail over them.
    ...(authorization.some((value) => /^dpop\b/i.test(value))
      ? requireOriginal(koa)
      : { method: 'GET', url: config.issuer }),
    authorization,
    dpop: linesOf(koa.req.rawHeaders, 'dpop'),
    certificate: clientCertificate(koa, config.clientCertificateHeader)?.raw,
  };
}

function requireOriginal(koa: Koa.Context): Pick<ResourceRequest, 'method' | 'url'> {
  const original = originalRequest(koa);
  if (original) return original;
  throw httpError(
    'invalid_request',
    'A DPoP proof cannot be checked: the gateway does not pass on method and URL of the request, or is not trusted to (GUICHET_TRUSTED_PROXIES).',
  );
}

function refuse(koa: Koa.Context, error: TokenError, { audience, resourceMetadata }: Demands): void {
  if (error.code !== 'missing_token') explain(koa, refusalLine(error, audience));
  koa.status = error.status;
  for (const [name, value] of Object.entries(error.headers)) {
    const isChallenge = name.toLowerCase() === 'www-authenticate';
    const values = [value].flat().map((one) => (isChallenge ? withMetadata(one, resourceMetadata) : one));
    // RFC 9110 §11.6.1: several challenges are one list. Some gateways copy one line only.
    koa.set(name, values.join(', '));
  }
  koa.body = { ...error.toJSON(), request_id: stateOf(koa).requestId };
}

function refusalLine({ code, reason, message }: TokenError, audience: string): DecisionLine {
  const words = `${code}${reason === undefined ? '' : ` (${reason})`} for ${quote(audience)}: ${message}`;
  return { step: 'access token', verdict: 'refused', words };
}

function withMetadata(challenge: string, url: string | undefined): string {
  if (url === undefined) return challenge;
  return `${challenge}${challenge.includes(' ') ? ',' : ''} resource_metadata="${url}"`;
}
