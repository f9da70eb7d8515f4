import type { Decision } from '../decisions/decision.ts';
import { explanationToJson } from '../documents/explanation.ts';
import { findDecision } from '../decisions/store.ts';
import { AppError } from '../errors.ts';
import { fields, moment, paragraphs } from './outcome.ts';
import { parseArgument } from './parse.ts';
import type { Action } from './run.ts';

export const explainRequest: Action = async ({ db, clock }, { args }) => {
  const requestId = parseArgument(args, 0, 'request-id').trim();
  const decision = await findDecision(db.knex, { requestId, now: clock.now() });
  if (!decision) {
    const message =
      'Nothing is kept under this request id: it went well, is more than 24 hours old, or was one too many.';
    throw new AppError('decision_not_found', message, { status: 404 });
  }
  return { json: explanationToJson(decision), text: inWords(decision) };
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
