import { reportDocument, reportLineDocument, reportLineToJson } from '../documents/report.ts';
import { makeReport } from '../report/make-report.ts';
import type { Report } from '../report/report.ts';
import { getReport, listReports } from '../report/store.ts';
import type { z } from 'zod';
import { cut, toCursor } from '../documents/page.ts';
import { operation, pageOf, pageQuery, pathId } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:audit:read';
const WRITE = 'admin:audit:write';

export const makeReportOperation = operation({
  id: 'reports.make',
  command: 'audit report',
  method: 'POST',
  path: '/reports',
  scope: WRITE,
  summary: 'Hold every client, every API and the server against the security rules, and keep the report',
  status: 201,
  answer: reportDocument,
  // It asks the server at its own address.
  outside: true,
  run: async (context, { operator: { actor } }) => toJson(await makeReport(context, actor)),
});

export const listReportsOperation = operation({
  id: 'reports.list',
  command: 'audit reports',
  method: 'GET',
  path: '/reports',
  scope: READ,
  summary: 'Security reports, the latest first',
  query: pageQuery,
  answer: pageOf('reports', reportLineDocument),
  async run({ db }, { query: { limit, after } }) {
    const { items, next } = cut(
      await listReports(db.knex, { limit: limit + 1, after }),
      limit,
      ({ madeAt: at, id }) => toCursor({ at, id }),
    );
    return { reports: items.map(reportLineToJson), next };
  },
});

export const showReportOperation = operation({
  id: 'reports.show',
  command: 'audit show-report',
  method: 'GET',
  path: '/reports/{report_id}',
  scope: READ,
  summary: 'A security report as it was made',
  params: pathId('report_id'),
  answer: reportDocument,
  run: async ({ db }, { params: { report_id: id } }) => toJson(await getReport(db.knex, id)),
});

/** A report is kept as JSON in this shape. */
function toJson(report: Report): z.output<typeof reportDocument> {
  return reportDocument.parse(report);
}

export const reportOperations: readonly Operation[] = [
  makeReportOperation,
  listReportsOperation,
  showReportOperation,
];
