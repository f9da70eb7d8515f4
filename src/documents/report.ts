import { z } from 'zod';

import { GRADES } from '../report/report.ts';
import { SEVERITIES } from '../report/rule.ts';
import type { ReportLine } from '../report/store.ts';
import { identifier, instant, toInstant } from './document.ts';

const severity = z.enum(SEVERITIES);
const grade = z.enum(GRADES);

/** How many findings there are of each severity. */
const summary = z.strictObject({
  info: z.number().int(),
  low: z.number().int(),
  medium: z.number().int(),
  high: z.number().int(),
});

export const reportLineDocument = z.strictObject({
  id: identifier,
  made_at: instant,
  made_by: z.string(),
  grade,
  summary,
});

/** Kept as it was made (report/report.ts), so that it is answered as it was kept. */
export const reportDocument = reportLineDocument.extend({
  issuer: z.string(),
  mode: z.string(),
  clients: z.array(
    z.strictObject({ client_id: z.string(), name: z.string(), grade, findings: z.number().int() }),
  ),
  findings: z.array(
    z.strictObject({
      rule: z.string(),
      severity,
      subject: z.string().describe('`server`, `client:ID` or `api:AUDIENCE`'),
      title: z.string(),
      what: z.string(),
      remedy: z.string(),
      references: z.array(z.string()),
      annex_a: z.array(z.string()).describe('Controls of ISO/IEC 27001:2022 Annex A'),
    }),
  ),
  rules: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      severity,
      references: z.array(z.string()),
      passed: z.number().int(),
      failed: z.number().int(),
    }),
  ),
  controls: z.array(
    z.strictObject({
      control: z.string(),
      name: z.string(),
      rules: z.array(z.string()),
      failed: z.array(z.string()),
    }),
  ),
});

export function reportLineToJson(line: ReportLine): z.output<typeof reportLineDocument> {
  return {
    id: line.id,
    made_at: toInstant(line.madeAt),
    made_by: line.madeBy,
    grade: line.grade,
    summary: line.summary,
  };
}
