import type { z } from 'zod';

import type { ExplainedRequest } from '../../views/locals/console-security.ts';
import { listExplanationsOperation, showExplanationOperation } from '../admin/explanations.ts';
import { perform } from '../admin/perform.ts';
import { DECISION_KEEP_SECONDS } from '../decisions/decision.ts';
import type { explanationDocument } from '../documents/explanation.ts';
import { AppError } from '../errors.ts';
import type { ConsoleContext, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';

import { pageOf, textOf } from './list.ts';
import { namesOf, type Names } from './names.ts';
import { partyOf } from './party.ts';
import { show } from './show.ts';

type Document = z.output<typeof explanationDocument>;

export const explain: Screen = {
  path: '/explain',
  scope: 'admin:audit:read',
  entry: { group: 'Security', label: 'Explain' },
  async get(context, visit) {
    const { given, query, pager } = pageOf(visit, ['client_id']);
    const { document } = await perform(context, listExplanationsOperation, { query }, visit.operator);
    const id = requestIdIn(textOf(visit.ctx.query['request']));
    const explanation = id === undefined ? undefined : await find(context, visit, id);
    const shown = [...document.explanations, ...(explanation ? [explanation] : [])];
    const names = await namesOf(context, visit, {
      accounts: shown.flatMap(({ account_id: account }) => account ?? []),
      clients: shown.flatMap(({ client_id: client }) => client ?? []),
    });
    show(context, visit, 'console-explain', {
      request: id ?? '',
      client: given.client_id ?? '',
      explanation: explanation && present(explanation, names),
      isUnknown: id !== undefined && explanation === undefined,
      keptHours: DECISION_KEEP_SECONDS / 3600,
      latest: document.explanations.map((one) => present(one, names)),
      pager: pager(document.next),
      equivalent: { command: command(`explain ${id ?? 'req_…'}`) },
    });
  },
};

/** People paste what they were shown, and that is a whole sentence with an id at its end. */
function requestIdIn(text: string | undefined): string | undefined {
  return /req_\w{1,64}/.exec(text ?? '')?.[0] ?? text;
}

/** undefined: nothing is kept under this id, or not any more. */
async function find(context: ConsoleContext, { operator }: Visit, id: string): Promise<Document | undefined> {
  try {
    const params = { request_id: id };
    const { document } = await perform(context, showExplanationOperation, { params }, operator);
    return document;
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return undefined;
    throw error;
  }
}

function present(document: Document, names: Names): ExplainedRequest {
  const { client_id: client, account_id: account } = document;
  return {
    id: document.request_id,
    at: new Date(document.decided_at),
    endpoint: document.endpoint,
    status: document.status,
    outcome: document.outcome,
    client: client === null ? undefined : partyOf(`client:${client}`, names),
    account: account === null ? undefined : partyOf(`account:${account}`, names),
    address: document.address ?? undefined,
    steps: document.lines,
  };
}
