import { record, type Actor } from '../audit/record.ts';
import { newId } from '../crypto/ids.ts';
import { evaluate } from './evaluate.ts';
import { gatherFacts, type ReportContext } from './gather-facts.ts';
import type { Report } from './report.ts';
import { insertReport } from './store.ts';

/** Looks at everything and keeps what was found, dated. It asks the server at its own address, so it takes up to seconds. */
export async function makeReport(context: ReportContext, actor: Actor): Promise<Report> {
  const facts = await gatherFacts(context);
  const report: Report = {
    id: newId('rep'),
    made_at: facts.at.toISOString(),
    made_by: actor,
    ...evaluate(facts),
  };
  await context.db.transaction(async (tx) => {
    await insertReport(tx, report);
    const detail = { reportId: report.id, grade: report.grade, ...report.summary };
    await record(tx, { occurredAt: facts.at, type: 'report.made', actor, detail });
  });
  return report;
}
