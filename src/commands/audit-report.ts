import { z } from 'zod';

import { reportLineToJson } from '../documents/report.ts';
import { makeReport } from '../report/make-report.ts';
import { getReport, listReports } from '../report/store.ts';
import type { Report } from '../report/report.ts';
import { isAtLeast, SEVERITIES, type Finding } from '../report/rule.ts';
import { cut, toCursor } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { count } from '../words.ts';
import { moment, paragraphs, table, type Outcome } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';

const options = z.object({ failOn: z.enum(SEVERITIES).optional() });

export const make: Action = async (context, { options: given }) => {
  const { failOn } = parseOptions(options, given);
  const report = await makeReport(context, ACTOR);
  const failed = failOn !== undefined && report.findings.some(({ severity }) => isAtLeast(severity, failOn));
  return { ...shown(report), ...(failed && { exitCode: 1 as const }) };
};

export const list: Action = async ({ db }, { options: given }) => {
  const { limit, after } = parseOptions(pageOptions, given);
  const { items, next } = cut(
    await listReports(db.knex, { limit: limit + 1, after }),
    limit,
    ({ madeAt: at, id }) => toCursor({ at, id }),
  );
  const lines = items.map(({ id, madeAt, madeBy, grade, summary }) => [
    id,
    moment(madeAt),
    grade,
    `${summary.high} high, ${summary.medium} medium, ${summary.low} low`,
    madeBy,
  ]);
  return {
    json: { reports: items.map(reportLineToJson), next },
    text: paragraphs(
      items.length === 0
        ? `No reports yet. Make one with: ${COMMAND} audit report`
        : table(['REPORT', 'MADE', 'GRADE', 'FINDINGS', 'BY'], lines),
      next !== null && `More: ${COMMAND} audit reports --after ${next}`,
    ),
  };
};

export const show: Action = async ({ db }, { args }) => {
  return shown(await getReport(db.knex, parseArgument(args, 0, 'report')));
};

function shown(report: Report): Outcome {
  const { summary, findings, clients } = report;
  const counts = SEVERITIES.toReversed().map((severity) => `${summary[severity]} ${severity}`);
  const headline = `Grade ${report.grade} for ${report.issuer} on ${moment(new Date(report.made_at))}: ${counts.join(', ')}.`;
  const graded = clients.map(({ client_id: id, name, grade, findings: found }) => [
    grade,
    id,
    name,
    count(found, 'finding'),
  ]);
  return {
    json: report,
    text: paragraphs(
      headline,
      findings.map(inWords).join('\n'),
      clients.length > 0 && table(['GRADE', 'CLIENT', 'NAME', ''], graded),
      `Kept as ${report.id}: ${COMMAND} audit show-report ${report.id}. --json has the rules that were passed, and the controls of ISO 27001 Annex A.`,
    ),
  };
}

function inWords({ rule, severity, subject, title, what, remedy, references }: Finding): string {
  const indent = ' '.repeat(8);
  return [
    `${severity.toUpperCase().padEnd(6)}  ${rule}  ${subject}: ${title}`,
    `${indent}${what}`,
    `${indent}${remedy}`,
    ...(references.length > 0 ? [`${indent}${references.join(', ')}`] : []),
  ].join('\n');
}
