import { findDecision, listDecisions } from '../decisions/store.ts';
import { identifier } from '../documents/document.ts';
import { explanationDocument, explanationToJson } from '../documents/explanation.ts';
import { AppError } from '../errors.ts';
import { cut, toCursor } from '../documents/page.ts';
import { operation, pageOf, pageQuery, pathId } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:audit:read';

export const listExplanationsOperation = operation({
  id: 'explanations.list',
  command: 'explain',
  method: 'GET',
  path: '/explanations',
  scope: READ,
  summary: 'Requests of the last 24 hours that were refused or answered with less, the latest first',
  query: pageQuery.extend({ client_id: identifier.optional() }),
  answer: pageOf('explanations', explanationDocument),
  async run({ db, clock }, { query: { limit, after, client_id: clientId } }) {
    const found = await listDecisions(db.knex, { now: clock.now(), limit: limit + 1, after, clientId });
    const { items, next } = cut(found, limit, ({ decidedAt: at, requestId: id }) => toCursor({ at, id }));
    return { explanations: items.map(explanationToJson), next };
  },
});

export const showExplanationOperation = operation({
  id: 'explanations.show',
  command: 'explain',
  method: 'GET',
  path: '/explanations/{request_id}',
  scope: READ,
  summary: 'Why a request was answered as it was; kept for 24 hours, never shown to who asked',
  params: pathId('request_id'),
  answer: explanationDocument,
  async run({ db, clock }, { params: { request_id: requestId } }) {
    const decision = await findDecision(db.knex, { requestId, now: clock.now() });
    if (decision) return explanationToJson(decision);
    throw new AppError('decision_not_found', 'Nothing is kept under this request id.', { status: 404 });
  },
});

export const explanationOperations: readonly Operation[] = [
  listExplanationsOperation,
  showExplanationOperation,
];
