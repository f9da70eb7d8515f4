import { API_RULES } from './api-rules.ts';
import { CLIENT_RULES } from './client-rules.ts';
import { ANNEX_A } from './report.ts';
import type { Rule } from './rule.ts';
import { PEOPLE_RULES } from './people-rules.ts';
import { SERVER_RULES } from './server-rules.ts';

type Described = Omit<Rule<never>, 'check'>;

/** Every rule, as it is described. */
export const RULES: readonly Described[] = [...SERVER_RULES, ...PEOPLE_RULES, ...API_RULES, ...CLIENT_RULES];

/** The tables of docs/security-report.md, in the order of the code. */
export function ruleTables(): string {
  const parts: readonly (readonly [string, readonly Described[]])[] = [
    ['The server', SERVER_RULES],
    ['People and administrators', PEOPLE_RULES],
    ['APIs', API_RULES],
    ['Clients', CLIENT_RULES],
  ];
  return parts.map(([title, rules]) => `### ${title}\n\n${ruleTable(rules)}`).join('\n');
}

/** Which rules are evidence for which control. */
export function controlTable(): string {
  const rows = Object.entries(ANNEX_A).map(([control, name]) => {
    const ids = RULES.filter(({ annexA }) => annexA.includes(control)).map(({ id }) => id);
    return `| A.${control} | ${name} | ${ids.join(' ')} |`;
  });
  return lines(['| Control | Name | Rules |', '| --- | --- | --- |', ...rows]);
}

function ruleTable(rules: readonly Described[]): string {
  const rows = rules.map(({ id, severity, title, references, remedy }) => {
    const cells = [id, severity, title, references.join(', '), remedy.replaceAll(COMMAND_LINES, '`$&`')];
    return `| ${cells.join(' | ')} |`;
  });
  return lines([
    '| Rule | Severity | Finding | Sources | Remedy |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ]);
}

/** A command line within a remedy ends with the clause. */
export const COMMAND_LINES = /guichet [^.,;]+/g;

function lines(rows: readonly string[]): string {
  return `${rows.join('\n')}\n`;
}
