import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Command } from 'commander';
import { format } from 'prettier';
import { expect, test } from 'vitest';

import { createProgram } from '../../src/commands/program.ts';
import { variableNames } from '../../src/config/schema.ts';
import { API_RULES } from '../../src/report/api-rules.ts';
import { CLIENT_RULES } from '../../src/report/client-rules.ts';
import { evaluate } from '../../src/report/evaluate.ts';
import type { Facts } from '../../src/report/facts.ts';
import { COMMAND_LINES, controlTable, RULES, ruleTables } from '../../src/report/reference.ts';
import { ANNEX_A, gradeOf } from '../../src/report/report.ts';
import { isAtLeast } from '../../src/report/rule.ts';
import { PEOPLE_RULES } from '../../src/report/people-rules.ts';
import { SERVER_RULES } from '../../src/report/server-rules.ts';
import { API_CASES, CLIENT_CASES, SERVER_CASES, type Case } from './cases.ts';
import { makeApiFacts, makeClientFacts, makeFacts } from './facts.ts';

function check<T>(rules: readonly { id: string; check: (one: T, facts: Facts) => unknown }[], id: string) {
  const rule = rules.find((one) => one.id === id);
  if (!rule) throw new Error(`no rule ${id}`);
  return rule.check;
}

/** A rule says a sentence of what fails, nothing of what passes, and null of what it does not speak of. */
function judge({ fails, says, passes, silent }: Case<unknown>, verdict: (subject: never) => unknown) {
  expect(verdict(fails as never)).toMatch(says);
  expect(verdict(passes as never)).toBeUndefined();
  if (silent !== undefined) expect(verdict(silent as never)).toBeNull();
}

test.for(Object.entries(SERVER_CASES))('%s', ([id, one]) => {
  judge(one, (subject: Partial<Facts>) => {
    const facts = makeFacts(subject);
    return check([...SERVER_RULES, ...PEOPLE_RULES], id)(facts, facts);
  });
});

test.for(Object.entries(CLIENT_CASES))('%s', ([id, one]) => {
  judge(one, (subject: object) => check(CLIENT_RULES, id)(makeClientFacts(subject), makeFacts()));
});

test.for(Object.entries(API_CASES))('%s', ([id, one]) => {
  judge(one, (subject: object) => check(API_RULES, id)(makeApiFacts(subject), makeFacts()));
});

test('every rule has a case, an id of its own, and controls that have a name', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(Object.keys({ ...SERVER_CASES, ...API_CASES, ...CLIENT_CASES }))).toEqual(new Set(ids));
  expect(new Set(ids).size).toBe(ids.length);
  expect(RULES.flatMap(({ annexA }) => annexA).filter((control) => !(control in ANNEX_A))).toEqual([]);
  expect(Object.keys(ANNEX_A).filter((one) => !RULES.some(({ annexA }) => annexA.includes(one)))).toEqual([]);
});

test('a remedy names commands, options and settings that there are', async () => {
  const problems: string[] = [];
  for (const { id, remedy } of RULES) {
    for (const [text] of remedy.matchAll(COMMAND_LINES)) {
      const [, noun = '', ...words] = text.split(' ');
      const command = (await createProgram([noun])).commands.find((one) => one.name() === noun);
      const verb = command?.commands.find((one) => one.name() === words[0]) ?? command;
      const isWhole = command !== undefined && (command.commands.length === 0 || verb !== command);
      if (!isWhole || !takes(verb, words)) problems.push(`${id}: ${text}`);
    }
    for (const [name] of remedy.matchAll(/GUICHET_[A-Z_]+/g)) {
      if (!(variableNames as readonly string[]).includes(name)) problems.push(`${id}: ${name}`);
    }
  }
  expect(problems).toEqual([]);
});

function takes(verb: Command | undefined, words: readonly string[]): boolean {
  const flags = words.filter((word) => word.startsWith('--'));
  return flags.every((flag) => verb?.options.some(({ long }) => long === flag));
}

test('the same facts make the same report, whatever order they come in', () => {
  const clients = ['cli_b', 'cli_a'].map((id) => makeClientFacts({ id, adminScopes: ['admin:keys:write'] }));
  const apis = ['https://b.example', 'https://a.example'].map((audience) =>
    makeApiFacts({ audience, scopes: [] }),
  );
  const report = evaluate(makeFacts({ clients, apis }));
  expect(evaluate(makeFacts({ clients: clients.toReversed(), apis: apis.toReversed() })).findings).toEqual(
    report.findings,
  );
  expect(report.findings.length).toBe(4);
  const severities = report.findings.map(({ severity }) => severity);
  expect(severities).toEqual(severities.toSorted((a, b) => (isAtLeast(a, b) ? -1 : 1)));
});

test('a grade is that of the worst', () => {
  expect(gradeOf([])).toBe('A');
  expect(gradeOf(['info', 'info', 'low'])).toBe('A');
  expect(gradeOf(['low', 'low'])).toBe('B');
  expect(gradeOf(['medium', 'info'])).toBe('C');
  expect(gradeOf(['high', 'low'])).toBe('D');
  expect(gradeOf(['high', 'high'])).toBe('F');
});

test('what is only worth knowing fails no control', () => {
  const { controls, rules } = evaluate(makeFacts({ apis: [makeApiFacts({ enforcesRoles: false })] }));
  expect(rules.find(({ id }) => id === 'AP-03')).toMatchObject({ passed: 0, failed: 1, severity: 'info' });
  expect(controls.find(({ control }) => control === '5.15')).toMatchObject({ failed: [] });
});

test('the tables of docs/security-report.md are the code', async () => {
  const file = fileURLToPath(new URL('../../docs/security-report.md', import.meta.url));
  let text = await readFile(file, 'utf8');
  for (const [name, table] of [
    ['rules', ruleTables()],
    ['controls', controlTable()],
  ] as const) {
    const section = new RegExp(`(?<=<!-- ${name} -->\\n)[^]*(?=<!-- /${name} -->)`);
    expect(text).toMatch(section);
    const formatted = await format(table, { parser: 'markdown' });
    text = text.replace(section, () => `\n${formatted}\n`);
  }
  await expect(text).toMatchFileSnapshot(file);
});
