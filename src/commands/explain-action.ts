import { z } from 'zod';

import type { Decision } from '../decisions/decision.ts';
import { explanationToJson } from '../documents/explanation.ts';
import { findDecision, listDecisions } from '../decisions/store.ts';
import { cut, toCursor } from '../documents/page.ts';
import { AppError } from '../errors.ts';
import { fields, moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';

export const explainRequest: Action = async (context, invocation) => {
  const { args } = invocation;
  const { db, clock } = context;
  if (args.length === 0) return list(context, invocation);
  const requestId = parseArgument(args, 0, 'request-id').trim();
  const decision = await findDecision(db.knex, { requestId, now: clock.now() });
  if (!decision) {
    const message =
      'Nothing is kept under this request id: it went well, is more than 24 hours old, or was one too many.';
    throw new AppError('decision_not_found', message, { status: 404 });
  }
  return { json: explanationToJson(decision), text: inWords(decision) };
};

const listOptions = pageOptions.omit({ search: true }).extend({ client: z.string().optional() });

const list: Action = async ({ db, clock }, { options }) => {
  const { limit, after, client: clientId } = parseOptions(listOptions, options);
  const found = await listDecisions(db.knex, { now: clock.now(), limit: limit + 1, after, clientId });
  const { items, next } = cut(found, limit, ({ decidedAt: at, requestId: id }) => toCursor({ at, id }));
  const rows = items.map(({ requestId, decidedAt, endpoint, outcome, clientId: by }) => [
    requestId,
    moment(decidedAt),
    endpoint,
    outcome,
    by ?? '',
  ]);
  return {
    json: { explanations: items.map(explanationToJson), next },
    text: paragraphs(
      items.length === 0
        ? 'Nothing was refused in the last 24 hours.'
        : table(['REQUEST', 'AT', 'ENDPOINT', 'OUTCOME', 'CLIENT'], rows),
      next !== null && `There are more: --after ${next}`,
    ),
  };
};

function inWords(decision: Decision): string {
  const { endpoint, outcome, status, lines } = decision;
  return paragraphs(
    `${endpoint}: ${outcome} (${status})`,
    fields([
      ['at', moment(decision.decidedAt)],
      ['client', decision.clientId],
      ['account', decision.accountId],
      ['address', decision.address],
    ]),
    lines.map(({ step, verdict, words }) => `  ${MARKS[verdict]} ${step}: ${words}`).join('\n'),
  );
}

const MARKS = { refused: '✗', reduced: '−', noted: '·' } as const;
