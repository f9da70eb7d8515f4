import { z } from 'zod';

import type { ChainReport } from '../audit/verify-chain.ts';
import { RISK_REASONS } from '../audit/risk.ts';
import type { LoggedEvent } from '../audit/search.ts';
import { instant, toInstant, toInstantOrNull } from './document.ts';

/** An event of the audit log. */
export const eventDocument = z.strictObject({
  id: z.string(),
  seq: z.int().nullable().describe('Its link in the chain'),
  occurred_at: instant,
  type: z.string(),
  actor: z.string().describe('`cli`, `system`, `client:ID`, `account:ID`'),
  client_id: z.string().nullable(),
  account_id: z.string().nullable(),
  request_id: z.string().nullable(),
  address: z.string().nullable(),
  detail: z.looseObject({}),
  risk: z
    .strictObject({ score: z.int().describe('0 to 100'), reasons: z.array(z.enum(RISK_REASONS)) })
    .nullable(),
});

export type EventDocument = z.output<typeof eventDocument>;

export function eventToJson(event: LoggedEvent): EventDocument {
  return {
    id: event.id,
    seq: event.seq,
    occurred_at: toInstant(event.occurredAt),
    type: event.type,
    actor: event.actor,
    client_id: event.clientId,
    account_id: event.accountId,
    request_id: event.requestId,
    address: event.address,
    detail: { ...event.detail },
    risk: event.risk && { score: event.risk.score, reasons: [...event.risk.reasons] },
  };
}

/** A signed statement of what the log was. */
export const checkpointDocument = z.strictObject({
  number: z.int(),
  seq: z.int().describe('How many events it vouches for'),
  hash: z.string().nullable().describe('null: its signature is not to be believed'),
  at: instant.nullable(),
  jws: z.string().describe('To be kept elsewhere: what is cut off afterwards is found by it'),
});

/** The last link, and what everything up to it hashes to. */
export const chainHeadDocument = z.strictObject({ seq: z.int(), hash: z.string() });

export const chainReportDocument = z.strictObject({
  ok: z.boolean(),
  events: z.int().describe('That were read'),
  from_seq: z.int().describe('Where reading began; 1: with the first event'),
  head: chainHeadDocument,
  checkpoints: z.int().describe('Genuine ones that agree with the log'),
  vouched_seq: z.int().describe('The last event that one of them vouches for'),
  findings: z.array(
    z.strictObject({
      code: z.string(),
      seq: z.int().nullable(),
      event_id: z.string().nullable(),
      at: instant.nullable(),
      message: z.string(),
    }),
  ),
  findings_count: z.int(),
});

export function chainReportToJson(report: ChainReport): z.output<typeof chainReportDocument> {
  return {
    ok: report.ok,
    events: report.events,
    from_seq: report.fromSeq,
    head: { seq: report.head.seq, hash: report.head.hash },
    checkpoints: report.checkpoints,
    vouched_seq: report.vouchedSeq,
    findings: report.findings.map(({ code, seq, eventId, at, message }) => ({
      code,
      seq: seq ?? null,
      event_id: eventId === undefined ? null : String(eventId),
      at: toInstantOrNull(at ?? null),
      message,
    })),
    findings_count: report.findingsCount,
  };
}
