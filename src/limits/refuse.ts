import type { Context } from 'koa';

import { recordBounded, type BoundedContext } from '../audit/record-bounded.ts';
import type { RiskReason } from '../audit/risk.ts';
import type { Clock } from '../clock.ts';
import { explain, explainWhose } from '../decisions/explain.ts';
import { tooManyRequests } from '../http/errors.ts';

export interface Limit {
  readonly name: 'unknown-tokens' | 'registrations' | 'client-requests';
  /** What is counted by: of one, an event is recorded once in a window. */
  readonly key: string;
  readonly clientId?: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

interface Kind {
  readonly type: string;
  readonly reason: RiskReason;
  readonly words: string;
}

const KINDS: Readonly<Record<Limit['name'], Kind>> = {
  'unknown-tokens': {
    type: 'guessing.stopped',
    reason: 'guessing',
    words: 'too many tokens that this server never issued',
  },
  registrations: {
    type: 'limit.reached',
    reason: 'over-limit',
    words: 'too many registrations with one initial access token',
  },
  'client-requests': {
    type: 'limit.reached',
    reason: 'over-limit',
    words: 'too many requests of this client',
  },
};

/** What is remembered of who was told already; about 1 MB. */
const KEYS_MAX = 10_000;

export type Refuse = (koa: Context, limit: Limit, waitSeconds: number) => Promise<never>;

/** Answers 429: says for how long, keeps why for operators, and records it once for each bucket and window. */
export function createRefusals(context: BoundedContext & { readonly clock: Clock }): Refuse {
  const recordedUntilMs = new Map<string, number>();

  function isFirst({ key, windowSeconds }: Limit): boolean {
    const nowMs = context.clock.now().getTime();
    if ((recordedUntilMs.get(key) ?? 0) > nowMs) return false;
    if (recordedUntilMs.size >= KEYS_MAX) recordedUntilMs.clear();
    recordedUntilMs.set(key, nowMs + windowSeconds * 1000);
    return true;
  }

  return async function refuse(koa, limit, waitSeconds) {
    const { name, key, clientId, quota, windowSeconds } = limit;
    const { type, reason, words } = KINDS[name];
    koa.set('RateLimit-Policy', `"${name}";q=${quota};w=${windowSeconds}`);
    koa.set('RateLimit', `"${name}";r=0;t=${waitSeconds}`);
    const whole = `throttled for ${waitSeconds} s more: ${words} (${quota} in ${windowSeconds} s)`;
    explain(koa, { step: 'limit', verdict: 'refused', words: whole });
    explainWhose(koa, { clientId });
    if (isFirst(limit)) {
      const event = {
        occurredAt: context.clock.now(),
        type,
        actor: clientId === undefined ? 'anonymous' : `client:${clientId}`,
        clientId,
        detail: { what: name, quota, windowSeconds },
        reasons: [reason],
      };
      await recordBounded(context, event, `${name} ${key}`);
    }
    throw tooManyRequests(waitSeconds);
  };
}
