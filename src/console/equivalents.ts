import type { Equivalent } from '../../views/locals/console.ts';
import { quoted } from '../words.ts';

type Words = readonly (string | readonly [option: string, value: string | readonly string[] | undefined])[];

/** A line of the CLI: words, and options with their values; an option without a value is left out, one with several repeated. */
export function command(...words: Words): string {
  const parts = words.flatMap((word) => {
    if (typeof word === 'string') return [word];
    const [option, value] = word;
    return [value ?? []].flat().map((each) => `${option} ${quoted(each)}`);
  });
  return ['guichet', ...parts].join(' ');
}

/** An entry of a list in the configuration file. Members without a value are left out. */
export function configuration(list: string, document: Readonly<Record<string, unknown>>): string {
  return toYaml({ [list]: [document] });
}

export function equivalent(
  line: string,
  list: string,
  document: Readonly<Record<string, unknown>>,
): Equivalent {
  return { command: line, configuration: configuration(list, document) };
}

/** JSON as YAML 1.2 in block style: every text that could be read as something else is quoted as in JSON. */
export function toYaml(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    return value.map((item) => `${indent}- ${toYaml(item, `${indent}  `).trimStart()}`).join('\n');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => `${indent}${scalar(name)}:${nested(member, indent)}`)
      .join('\n');
  }
  return `${indent}${scalar(value)}`;
}

function nested(value: unknown, indent: string): string {
  const isList = Array.isArray(value);
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (isEmpty) return isList ? ' []' : ' {}';
  return typeof value === 'object' && value !== null
    ? `\n${toYaml(value, `${indent}  `)}`
    : ` ${scalar(value)}`;
}

/** Letters, digits and a few marks, beginning with a letter: nothing that YAML could take for a number, a date or an alias. */
const PLAIN = /^[A-Za-z][\w./@-]*(?: [\w./@-]+)*$/;

/** YAML 1.1 readers take these for truth values. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

function scalar(value: unknown): string {
  const isPlain = typeof value === 'string' && PLAIN.test(value) && !WORDS.test(value);
  return isPlain ? value : (JSON.stringify(value) ?? 'null');
}
