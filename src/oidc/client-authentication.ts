import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { errors, type Configuration } from 'oidc-provider';

import { quote } from '../decisions/decision.ts';
import { explain, explainWhose } from '../decisions/explain.ts';
import { findSecret } from '../clients/secret.ts';
import { formDecoded } from '../http/basic-credentials.ts';
import { httpError, tooManyRequests } from '../http/errors.ts';
import { stateOf } from '../http/middleware.ts';
import { readForm } from '../http/read-body.ts';
import { clientAuthBuckets, keysOf } from '../http/throttle-buckets.ts';
import type { HallContext } from './context.ts';
import { reportClientFailure } from './report-failures.ts';

/** RFC 7523 §3 wants short-lived assertions; FAPI 2.0 and we say five minutes. */
const ASSERTION_TTL_SECONDS_MAX = 300;
/** Clock skew forgiven in client assertions: 30 s covers hosts without NTP. */
const ASSERTION_SKEW_SECONDS = 30;

/** Secrets are compared as digests, two of them while one is being rotated: the library's sanctioned seam for it. */
export function useSecretDigests(hall: HallContext, provider: Provider): void {
  provider.Client.prototype.compareClientSecret = async function compareDigest(presented: string) {
    const record = await hall.clients.find(this.clientId);
    const secret = record && findSecret(record, presented, hall.secrets, hall.clock.now());
    if (secret) hall.secretUses.note(secret.id);
    return secret !== undefined;
  };
}

/** The library accepts an assertion for its own URLs too, lists of audiences, and any lifetime; none of it is needed. */
export function strictAssertions(
  hall: HallContext,
): NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']> {
  return async (_ctx, claims) => {
    if (claims['aud'] !== hall.config.issuer) {
      throw new errors.InvalidClientAuth('aud must be the issuer identifier and nothing else');
    }
    const now = Math.floor(hall.clock.now().getTime() / 1000);
    if (Number(claims['exp']) > now + ASSERTION_TTL_SECONDS_MAX + ASSERTION_SKEW_SECONDS) {
      throw new errors.InvalidClientAuth('the assertion lives for more than five minutes');
    }
    // The library looks at `iat` only where `exp` is missing. FAPI 2.0 §5.3.2.1: not from the future beyond a minute.
    if (Number(claims['iat'] ?? now) > now + ASSERTION_SKEW_SECONDS) {
      throw new errors.InvalidClientAuth('the assertion is from the future');
    }
  };
}

/**
 * Seven claims and an RSA signature are below 2 kB. In what is much longer, claims can lie within claims so deep that the
 * library's copy of them overflows the stack.
 */
const ASSERTION_LENGTH_MAX = 8192;

/** Routes on which clients authenticate. */
export const AUTHENTICATED_PATHS = new Set([
  '/token',
  '/token/introspection',
  '/token/revocation',
  '/request',
  '/device/auth',
]);

/**
 * Guessing at client credentials ends in 429, for the address that guesses (O21-10): a stranger cannot lock the client out
 * from where it really runs. The check reads memory only; the database is told of failures.
 */
export function throttleClients(hall: HallContext): Middleware {
  return async function throttleClientAuthentication(ctx, next) {
    if (ctx.method !== 'POST' || !AUTHENTICATED_PATHS.has(ctx.path)) return next();
    if (isAssertionTooLong(ctx)) throw httpError('invalid_request', 'The client assertion is too long.');
    if (!hall.throttle.isOpen()) refuseWhileClosed(hall, ctx);
    await next();
    // On these routes nothing but failed client authentication is a 401. The body may be a page: whoever guesses may ask for one.
    const clientId = ctx.status === 401 ? presentedClientId(ctx) : undefined;
    if (clientId === undefined) return;
    const { address } = stateOf(ctx);
    const closedSeconds = await hall.throttle.fail(clientAuthBuckets({ clientId, address }));
    await reportClientFailure(hall, { clientId, address, closedSeconds });
  };
}

/** A form is at least as long as what it says. */
function isAssertionTooLong(ctx: Context): boolean {
  if ((stateOf(ctx).bodyText ?? '').length <= ASSERTION_LENGTH_MAX) return false;
  return (readForm(ctx).get('client_assertion') ?? '').length > ASSERTION_LENGTH_MAX;
}

function refuseWhileClosed(hall: HallContext, ctx: Context): void {
  const clientId = presentedClientId(ctx);
  if (clientId === undefined) return;
  const buckets = clientAuthBuckets({ clientId, address: stateOf(ctx).address });
  const seconds = hall.throttle.blockedFor(keysOf(buckets));
  if (seconds === 0) return;
  const words = `throttled for ${seconds} s more: too many failed attempts as ${quote(clientId)} from this address`;
  explain(ctx, { step: 'client authentication', verdict: 'refused', words });
  explainWhose(ctx, { clientId });
  throw tooManyRequests(seconds);
}

/** As far as it can be read without deciding anything: the library checks it properly. */
export function presentedClientId(ctx: Context): string | undefined {
  const [scheme, credentials] = ctx.get('authorization').split(' ');
  if (scheme?.toLowerCase() === 'basic' && credentials) {
    const [id = ''] = Buffer.from(credentials, 'base64').toString().split(':', 1);
    return formDecoded(id);
  }
  const form = readForm(ctx);
  // An empty parameter is an absent one, to the library as well.
  return form.get('client_id') || assertionSubject(form.get('client_assertion'));
}

function assertionSubject(assertion: string | null): string | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(assertion?.split('.')[1] ?? '', 'base64url').toString());
    const named = typeof payload === 'object' && payload !== null && 'sub' in payload;
    return named && typeof payload.sub === 'string' ? payload.sub : undefined;
  } catch {
    return undefined;
  }
}
