import { decodeJwt } from 'jose';
import type { Context, Middleware } from 'koa';

import { explain } from '../decisions/explain.ts';
import type { HallContext } from './context.ts';

/** FAPI 2.0 §5.3.2.1: ten seconds either way must pass, more than sixty must not. */
const PROOF_AGE_SECONDS_MAX = 60;

/**
 * RFC 9449 §11.1: the library bounds the age of a proof at five minutes, and not at all where the proof carries a nonce.
 * Here every proof is fresh. What cannot be read is left to the library's own error.
 */
export function boundProofAge(hall: HallContext): Middleware {
  return async function refuseStaleProof(ctx, next) {
    const proof = ctx.get('DPoP');
    const issuedAt = proof === '' ? undefined : issueTime(proof);
    const now = hall.clock.now().getTime() / 1000;
    if (issuedAt === undefined || Math.abs(now - issuedAt) <= PROOF_AGE_SECONDS_MAX) return next();
    const seconds = Math.round(Math.abs(now - issuedAt));
    const words = `iat is ${seconds} s in the ${issuedAt < now ? 'past' : 'future'}; ${PROOF_AGE_SECONDS_MAX} s are forgiven`;
    explain(ctx, { step: 'DPoP proof', verdict: 'refused', words });
    refuse(ctx);
    return undefined;
  };
}

function refuse(ctx: Context): void {
  ctx.status = ctx.path === '/me' ? 401 : 400;
  ctx.set('Cache-Control', 'no-store');
  if (ctx.status === 401) ctx.set('WWW-Authenticate', 'DPoP error="invalid_dpop_proof"');
  // The library has not set these yet. The error is about the sender's clock, so any page may know of it.
  ctx.vary('Origin');
  ctx.set('Access-Control-Allow-Origin', ctx.get('Origin') || '*');
  ctx.set('Access-Control-Expose-Headers', 'WWW-Authenticate');
  ctx.body = { error: 'invalid_dpop_proof', error_description: 'DPoP proof iat is not recent enough' };
}

function issueTime(proof: string): number | undefined {
  try {
    return decodeJwt(proof).iat;
  } catch {
    return undefined;
  }
}
