import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

import type { Locator, Page } from 'playwright-core';

import { createProgram } from '../../src/commands/program.ts';

/** An operator before a real browser: forms are found by where they lead, filled and sent as a person does. */
export interface Desk {
  readonly page: Page;
  /** A screen of the console. */
  open(path: string): Promise<void>;
  /** The first form whose action ends so. Opens what it is folded into. */
  send(action: string, fields?: Fields, button?: string): Promise<void>;
  text(): Promise<string>;
  /** What stands in the boxes for copying of what was just done. */
  boxes(): Promise<string[]>;
  /** Every line for the shell that a change was told with. */
  readonly commands: string[];
  /** What the browser complained of: scripts, policies, what did not load. */
  readonly complaints: string[];
}

export type Fields = Readonly<Record<string, string | boolean>>;

export function sitAt(page: Page, origin: string): Desk {
  const commands: string[] = [];
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${page.url()} ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()} ${error.message}`));
  const boxes = () => page.locator('.note.success pre').allTextContents();
  return {
    page,
    commands,
    complaints,
    boxes,
    async open(path) {
      await page.goto(`${origin}/console${path}`);
    },
    async send(action, fields = {}, button) {
      const form = page.locator(`form[action$="${action}"]`).first();
      await unfold(page, form);
      for (const [name, value] of Object.entries(fields)) await put(form, name, value);
      const loaded = page.waitForEvent('load');
      await (
        button === undefined ? form.locator('button').first() : form.getByRole('button', { name: button })
      ).click();
      await loaded;
      commands.push(...(await boxes()).flatMap((text) => text.split('\n').filter(isCommand)));
    },
    text: () => page.innerText('main'),
  };
}

function isCommand(text: string): boolean {
  return text.startsWith('guichet ');
}

async function unfold(page: Page, form: Locator): Promise<void> {
  const around = page.locator('main details:not([open])').filter({ has: form });
  const within = form.locator('details:not([open])');
  for (const folded of [around, within]) {
    while ((await folded.count()) > 0) await folded.first().locator('> summary').click();
  }
}

async function put(form: Locator, name: string, value: string | boolean): Promise<void> {
  const field = form.locator(`[name="${name}"]`);
  if (typeof value === 'boolean') return field.setChecked(value);
  const isChoice = (await form.locator(`select[name="${name}"]`).count()) > 0;
  await (isChoice ? field.selectOption(value) : field.fill(value));
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** Rules of WCAG 2.2 AA that the page breaks. Its context has to bypass the policy, which lets no script in. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResult>(
    "axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** Why the command line would not take it, as far as words go; undefined: it would. */
export async function objectionTo(line: string): Promise<string | undefined> {
  const [, ...words] = shellWords(line.replace(/ <{1,3} .*$/s, ''));
  let command = await createProgram(words);
  let rest: readonly string[] = words;
  for (;;) {
    const verb = command.commands.find((one) => one.name() === rest[0]);
    if (!verb) break;
    command = verb;
    rest = rest.slice(1);
  }
  try {
    const { operands, unknown } = command.parseOptions([...rest]);
    const needed = command.registeredArguments.filter(({ required }) => required).length;
    const isWhole = operands.length >= needed && operands.length <= command.registeredArguments.length;
    return unknown.length === 0 && isWhole ? undefined : `${line}: ${[...operands, ...unknown].join(' ')}`;
  } catch (error) {
    return `${line}: ${String(error)}`;
  }
}

function shellWords(line: string): string[] {
  const words = line.match(/(?:[^\s'\\]|\\.|'[^']*')+/gs) ?? [];
  return words.map((word) =>
    word.replaceAll(/'([^']*)'|\\(.)/gs, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? ''),
  );
}
