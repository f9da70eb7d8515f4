import { z } from 'zod';

import type { Decision } from '../decisions/decision.ts';
import { instant, toInstant } from './document.ts';

/** Why a request was answered as it was. */
export const explanationDocument = z.strictObject({
  request_id: z.string(),
  decided_at: instant,
  endpoint: z.string(),
  status: z.int(),
  outcome: z.string().describe('The error code that was answered, or `ok`'),
  client_id: z.string().nullable(),
  account_id: z.string().nullable(),
  address: z.string().nullable(),
  lines: z.array(
    z.strictObject({
      step: z.string().describe('What was looked at'),
      verdict: z.enum(['refused', 'reduced', 'noted']),
      words: z.string(),
    }),
  ),
});

export function explanationToJson(decision: Decision): z.output<typeof explanationDocument> {
  return {
    request_id: decision.requestId,
    decided_at: toInstant(decision.decidedAt),
    endpoint: decision.endpoint,
    status: decision.status,
    outcome: decision.outcome,
    client_id: decision.clientId,
    account_id: decision.accountId,
    address: decision.address,
    lines: decision.lines.map(({ step, verdict, words }) => ({ step, verdict, words })),
  };
}
