import { AppError } from '../errors.ts';

export type Path = readonly (string | number)[];

/** Something that a file says wrongly, in words that continue its path. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** The name itself is wrong, not what is said of it. */
  readonly isName?: boolean;
}

/** The same with its place in the text, where there is one. Lines and columns count from 1. */
export interface PlacedProblem {
  /** `clients[2].redirect_uris[0]`; empty: the whole file. */
  readonly path: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** Beyond these a file is of another kind; nobody reads more at once. */
export const PROBLEMS_MAX = 100;

/** `configuration_refused` (400): everything that is wrong with a file, not the first of it. */
export class ConfigurationRefused extends AppError {
  readonly problems: readonly PlacedProblem[];

  constructor(problems: readonly PlacedProblem[]) {
    const shown = problems.toSorted(inReadingOrder).slice(0, PROBLEMS_MAX);
    super('configuration_refused', shown.map(sentenceOf).join('\n'), { status: 400 });
    this.problems = shown;
  }
}

function inReadingOrder(a: PlacedProblem, b: PlacedProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function sentenceOf({ path, message, line, column }: PlacedProblem): string {
  const place = line === undefined ? '' : `${line}:${column ?? 1}: `;
  return `${place}${path === '' ? '' : `${path} `}${message}`;
}

export function textOf(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('')
    .toWellFormed()
    .slice(0, 200);
}

/** The member that a sentence of a room begins with, `redirect_uris[0]` say, and the rest of it. */
export function splitSentence(sentence: string): { path: Path; message: string } {
  const [first = '', ...rest] = sentence.split(' ');
  return { path: pathOf(first), message: rest.join(' ') };
}

function pathOf(text: string): Path {
  return [...text.matchAll(/[^.[\]]+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** Runs a check of a room; its refusal becomes a problem at this path. */
export function checked<T>(problems: Problem[], path: Path, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    problems.push({ path, message: `is not accepted: ${error.message}` });
    return undefined;
  }
}
