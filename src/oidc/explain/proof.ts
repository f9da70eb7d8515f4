import { decodeJwt } from 'jose';
import type { Context } from 'koa';

import { quote, type DecisionLine } from '../../decisions/decision.ts';
import type { HallContext } from '../context.ts';
import { oidcOf } from '../library-context.ts';
import type { Refusal } from './refusals.ts';

const STEP = 'DPoP proof';

/** RFC 9449 §4.3, the claims that can be compared without the key. */
export async function explainProof(
  { clock }: HallContext,
  ctx: Context,
  { error, detail }: Refusal,
): Promise<readonly DecisionLine[]> {
  if (error !== 'invalid_dpop_proof' && !/dpop|jkt/i.test(detail)) return [];
  const proof = ctx.get('DPoP');
  if (proof === '')
    return [
      {
        step: STEP,
        verdict: 'refused',
        words: 'the token is bound to a key, and no proof came with the request',
      },
    ];
  const claims = claimsOf(proof);
  if (!claims) return [{ step: STEP, verdict: 'refused', words: 'the proof is no JWT' }];
  return proofInWords(ctx, claims, clock.now()).map((words) => ({ step: STEP, verdict: 'refused', words }));
}

export function proofInWords(ctx: Context, claims: Readonly<Record<string, unknown>>, now: Date): string[] {
  const { htm, htu, iat } = claims;
  const oidc = oidcOf(ctx);
  const expected = oidc ? oidc.urlFor(oidc.route) : undefined;
  const offset = typeof iat === 'number' ? Math.round(iat - now.getTime() / 1000) : undefined;
  return [
    htm !== ctx.method && `htm is ${quote(htm)}, expected ${quote(ctx.method)}`,
    expected !== undefined &&
      withoutQuery(htu) !== expected &&
      `htu is ${quote(htu)}, expected ${quote(expected)}`,
    offset === undefined && 'iat is missing',
    offset !== undefined &&
      Math.abs(offset) > 5 &&
      `iat is ${Math.abs(offset)} s in the ${offset < 0 ? 'past' : 'future'}`,
    typeof claims['jti'] !== 'string' && 'jti is missing',
  ].filter((each) => typeof each === 'string');
}

export function claimsOf(jwt: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeJwt(jwt);
  } catch {
    return undefined;
  }
}

function withoutQuery(htu: unknown): unknown {
  const url = typeof htu === 'string' ? URL.parse(htu) : null;
  return url ? `${url.origin}${url.pathname}` : htu;
}
