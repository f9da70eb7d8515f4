import type { Requirement } from '../config/requirement.ts';

export { moment } from '../inspection/moment.ts';

/** What a command has to say, once for people and once for programs. */
export interface Outcome {
  /** Printed by `--json`: one document, members named as in the RFCs. */
  readonly json: unknown;
  readonly text: string;
  /** It said everything already, because it was too much to hold. */
  readonly isPrinted?: true;
  /**
   * 1 when the command found something wrong without failing itself (`doctor`), 2 when it found a difference where it was asked
   * whether there is one (`plan`, `drift`).
   */
  readonly exitCode?: 0 | 1 | 2;
  /** Lines that begin with `+`, `~` or `-` have a colour on a terminal. */
  readonly isDiff?: true;
}

/** `label  value` lines, values aligned; those without a value are left out. */
export function fields(
  rows: readonly (readonly [label: string, value: string | null | undefined])[],
): string {
  const shown = rows.filter((row): row is readonly [string, string] => Boolean(row[1]));
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `  ${label.padEnd(width)}  ${indent(value, width + 4)}`).join('\n');
}

export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headers), ...rows.map(line)].join('\n');
}

export function paragraphs(...parts: readonly (string | false | null | undefined)[]): string {
  return parts.filter(Boolean).join('\n\n');
}

const STRENGTHS: Readonly<Record<Requirement, string>> = {
  any: '',
  mfa: 'two factors',
  'phishing-resistant': 'two factors, one phishing-resistant',
};

/** Empty where any way of signing in will do. */
export function requirementInWords(requirement: Requirement): string {
  return STRENGTHS[requirement];
}

function indent(value: string, width: number): string {
  return value.replaceAll('\n', `\n${' '.repeat(width)}`);
}
