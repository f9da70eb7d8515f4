import type { z } from 'zod';

import type { ShownReport } from '../../views/locals/console-upkeep.ts';
import { perform } from '../admin/perform.ts';
import { listReportsOperation, makeReportOperation, showReportOperation } from '../admin/reports.ts';
import type { reportDocument } from '../documents/report.ts';
import { SEVERITIES, type Severity } from '../report/rule.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { pageOf, textOf } from './list.ts';
import { namesOf } from './names.ts';
import { can } from './operator.ts';
import { idsOf, partyOf } from './party.ts';
import { show } from './show.ts';
import { count } from '../words.ts';

/** The worst first. */
const WORST_FIRST = SEVERITIES.toReversed();

/** Those of a page; the command line prints all. */
const GRADED_MAX = 500;

export const report: Screen = {
  path: '/report',
  scope: 'admin:audit:read',
  entry: { group: 'Security', label: 'Security report' },
  async get(context, visit) {
    const { operator, ctx } = visit;
    const { query, pager } = pageOf(visit, []);
    const { document } = await perform(context, listReportsOperation, { query }, operator);
    const id = textOf(ctx.query['id']) ?? document.reports[0]?.id;
    const names = await namesOf(context, visit, idsOf(document.reports.map((one) => one.made_by)));
    show(context, visit, 'console-report', {
      report: id === undefined ? undefined : await read(context, visit, id),
      reports: document.reports.map((one) => ({
        id: one.id,
        at: new Date(one.made_at),
        by: partyOf(one.made_by, names),
        grade: one.grade,
        summary: inWords(one.summary),
        isShown: one.id === id,
      })),
      pager: pager(document.next),
      equivalent: { command: command('audit report') },
      mayWrite: can(operator, 'admin:audit:write'),
    });
  },
  actions: { make: { run: make } },
};

async function read(context: ConsoleContext, { operator }: Visit, id: string): Promise<ShownReport> {
  const { document } = await perform(context, showReportOperation, { params: { report_id: id } }, operator);
  return present(document);
}

async function make(context: ConsoleContext, { operator }: Visit): Promise<Done> {
  const { document } = await perform(context, makeReportOperation, {}, operator);
  const message = `Grade ${document.grade}: ${inWords(document.summary)}.`;
  return { to: '/report', notice: { message, command: command('audit report') } };
}

function present(document: z.output<typeof reportDocument>): ShownReport {
  const { findings, rules, clients } = document;
  const kept = rules.reduce((sum, { passed }) => sum + passed, 0);
  const broken = rules.reduce((sum, { failed }) => sum + failed, 0);
  return {
    id: document.id,
    at: new Date(document.made_at),
    grade: document.grade,
    summary: inWords(document.summary),
    looked: `${count(rules.length, 'rule')} were held against the server, its APIs and its clients: ${kept} times in order, ${broken} times not.`,
    groups: WORST_FIRST.map((severity) => ({
      severity,
      findings: findings
        .filter((finding) => finding.severity === severity)
        .map((finding) => Object.assign(subjectOf(finding.subject), finding)),
    })).filter((group) => group.findings.length > 0),
    clients: clients.slice(0, GRADED_MAX).map((client) => ({
      id: client.client_id,
      name: client.name || client.client_id,
      grade: client.grade,
      findings: client.findings,
    })),
    controls: document.controls.map(({ control, name, rules: looked, failed }) => ({
      control,
      name,
      rules: looked,
      failed,
    })),
  };
}

/** `server`, `client:ID`, `api:AUDIENCE`, as words and where it is looked at. */
function subjectOf(subject: string): { readonly about: string; readonly path: string | undefined } {
  const [, noun, id = ''] = /^(client|api):(.+)$/s.exec(subject) ?? [];
  if (noun === 'client') return { about: id, path: `/console/clients/${encodeURIComponent(id)}` };
  if (noun === 'api') return { about: id, path: `/console/apis?search=${encodeURIComponent(id)}` };
  return { about: subject === 'server' ? 'the server' : subject, path: undefined };
}

function inWords(summary: Readonly<Record<Severity, number>>): string {
  return WORST_FIRST.map((severity) => `${summary[severity]} ${WORDS[severity]}`).join(', ');
}

const WORDS: Readonly<Record<Severity, string>> = {
  high: 'high',
  medium: 'medium',
  low: 'low',
  info: 'worth knowing',
};
