import { Option, type Argument, type Command } from 'commander';

import { REQUIREMENTS } from '../config/requirement.ts';
import { runAction, type Action } from './run.ts';

/** One verb of a noun: what the command line says of it, and where to find what it does. */
export interface Verb {
  /** `show <audience>`, in commander's notation. */
  readonly usage: string;
  readonly summary: string;
  readonly options?: readonly Option[];
  readonly argumentHelp?: Readonly<Record<string, string>>;
  /** Command lines without the program's name. */
  readonly examples?: readonly string[];
  readonly notes?: string;
  /** Loaded only when it runs, so that `--help` does not wait for a database driver. */
  readonly load: () => Promise<Action>;
  readonly schema?: 'current' | 'any';
}

export function addVerb(parent: Command, verb: Verb): void {
  equip(parent.command(verb.usage).description(verb.summary), verb);
}

/** Gives a command its options, help and action; a noun that is its own verb as well. */
export function equip(command: Command, verb: Omit<Verb, 'usage' | 'summary'>): void {
  for (const argument of command.registeredArguments) describe(argument, verb.argumentHelp);
  for (const option of [...(verb.options ?? []), jsonOption()]) command.addOption(option);
  command.addHelpText('after', afterHelp(verb));
  command.action(async () => {
    const invocation = { args: command.args, options: command.opts() };
    process.exitCode = await runAction(verb.load, invocation, { schema: verb.schema ?? 'current' });
  });
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document on standard output');
}

/** An option that may be given several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`).argParser((value: string, previous: unknown) => [
    ...(Array.isArray(previous) ? previous : []),
    value,
  ]);
}

/** `what` is what people have done by then. */
export function requirementOption(what: string): Option {
  const text = `how surely ${what}: with two factors, also with one that cannot be phished, or any way (default)`;
  return new Option('--require <strength>', text).choices(REQUIREMENTS);
}

export function afterHelp({ examples = [], notes }: Pick<Verb, 'examples' | 'notes'>): string {
  const lines = examples.map((example) => `  $ guichet ${example}`);
  const parts = [notes, lines.length > 0 ? `Examples:\n${lines.join('\n')}` : undefined];
  const text = parts.filter(Boolean).join('\n\n');
  return text === '' ? '' : `\n${text}`;
}

function describe(argument: Argument, help: Readonly<Record<string, string>> = {}): void {
  argument.description = help[argument.name()] ?? '';
}
