import type { Context } from 'koa';

import type { Clock } from '../clock.ts';
import type { ErrorView } from '../http/errors.ts';
import { pathOf, stateOf, type Middleware } from '../http/middleware.ts';
import type { DecisionLog } from './decision-log.ts';
import { explain, explainWhose, notesOf } from './explain.ts';

/** Hands on what was said of a request when it is answered; most requests say nothing. Stands outside of http/handle-errors.ts. */
export function recordDecisions(
  { decisions, clock }: { decisions: DecisionLog; clock: Clock },
  routeOf: (path: string) => string,
): Middleware {
  return async function recordDecision(ctx, next) {
    await next();
    const notes = notesOf(ctx);
    if (!notes || notes.lines.length + notes.later.length === 0) return;
    const { requestId, address } = stateOf(ctx);
    const { clientId = null, accountId = null } = notes;
    const about = { requestId, address, clientId, accountId, decidedAt: clock.now(), status: ctx.status };
    decisions.add(
      { ...about, endpoint: routeOf(pathOf(ctx)), outcome: outcomeOf(ctx, notes.outcome) },
      notes,
    );
  };
}

/** What scanners find: nobody asks why there is nothing at an address. */
const UNEXPLAINED = new Set(['not_found', 'method_not_allowed']);

/** For whatever reaches http/handle-errors.ts without a word of its own. */
export function explainError(ctx: Context, view: ErrorView): void {
  if (UNEXPLAINED.has(view.code)) return;
  explainWhose(ctx, { outcome: view.code });
  if (notesOf(ctx)?.lines.some(({ verdict }) => verdict === 'refused')) return;
  const wait = view.retryAfterSeconds === undefined ? '' : ` Closed for ${view.retryAfterSeconds} s more.`;
  explain(ctx, { step: 'request', verdict: 'refused', words: `${view.code}: ${view.detail}${wait}` });
}

/** The code in the answer, as the client has it. */
function outcomeOf({ body, status }: Context, known: string | undefined): string {
  if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string')
    return body.error;
  return known ?? (status < 400 ? 'ok' : `http_${status}`);
}
