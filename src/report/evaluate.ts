import { API_RULES } from './api-rules.ts';
import { CLIENT_RULES } from './client-rules.ts';
import type { ClientFacts, Facts } from './facts.ts';
import { ANNEX_A, gradeOf, type ControlResult, type Graded, type Report, type RuleResult } from './report.ts';
import { SEVERITIES, type Finding, type Rule, type Severity } from './rule.ts';
import { PEOPLE_RULES } from './people-rules.ts';
import { SERVER_RULES } from './server-rules.ts';

/** What a rule said of everything it speaks of. */
interface Outcome {
  readonly rule: Omit<Rule<never>, 'check'>;
  readonly passed: number;
  readonly findings: readonly Finding[];
}

export function evaluate(facts: Facts): Omit<Report, 'id' | 'made_at' | 'made_by'> {
  const outcomes: Outcome[] = [
    ...[...SERVER_RULES, ...PEOPLE_RULES].map((rule) => apply(rule, [facts], facts, () => 'server')),
    ...API_RULES.map((rule) => apply(rule, facts.apis, facts, ({ audience }) => `api:${audience}`)),
    ...CLIENT_RULES.map((rule) => apply(rule, facts.clients, facts, ({ id }) => `client:${id}`)),
  ];
  const findings = outcomes.flatMap((outcome) => outcome.findings).toSorted(worstFirst);
  return {
    issuer: facts.config.issuer,
    mode: facts.config.mode,
    grade: gradeOf(findings.map(({ severity }) => severity)),
    summary: summarize(findings),
    clients: gradeClients(facts.clients, findings),
    findings,
    rules: outcomes.map(ruleResult),
    controls: controlResults(outcomes),
  };
}

function apply<T>(
  rule: Rule<T>,
  subjects: readonly T[],
  facts: Facts,
  nameOf: (subject: T) => string,
): Outcome {
  const findings: Finding[] = [];
  let passed = 0;
  for (const subject of subjects) {
    const what = rule.check(subject, facts);
    if (what === undefined) passed += 1;
    if (what === undefined || what === null) continue;
    const { id, severity, title, remedy, references, annexA } = rule;
    findings.push({
      rule: id,
      severity,
      subject: nameOf(subject),
      title,
      what,
      remedy,
      references,
      annex_a: annexA,
    });
  }
  return { rule, passed, findings };
}

function worstFirst(a: Finding, b: Finding): number {
  const bySeverity = SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity);
  return bySeverity || compare(a.rule, b.rule) || compare(a.subject, b.subject);
}

/** By code unit: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function summarize(findings: readonly Finding[]): Record<Severity, number> {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return { info: count('info'), low: count('low'), medium: count('medium'), high: count('high') };
}

function gradeClients(clients: readonly ClientFacts[], findings: readonly Finding[]): Graded[] {
  const bySubject = Map.groupBy(findings, ({ subject }) => subject);
  return clients.map((client) => {
    const own = bySubject.get(`client:${client.id}`) ?? [];
    const name = client.metadata['client_name'];
    return {
      client_id: client.id,
      name: typeof name === 'string' ? name : '',
      grade: gradeOf(own.map(({ severity }) => severity)),
      findings: own.length,
    };
  });
}

function ruleResult({ rule, passed, findings }: Outcome): RuleResult {
  const { id, title, severity, references } = rule;
  return { id, title, severity, references, passed, failed: findings.length };
}

/** What is only worth knowing does not speak against a control. */
function controlResults(outcomes: readonly Outcome[]): ControlResult[] {
  return Object.entries(ANNEX_A).map(([control, name]) => {
    const about = outcomes.filter(({ rule }) => rule.annexA.includes(control));
    const failed = about.filter(({ rule, findings }) => findings.length > 0 && rule.severity !== 'info');
    return {
      control,
      name,
      rules: about.map(({ rule }) => rule.id),
      failed: failed.map(({ rule }) => rule.id),
    };
  });
}
