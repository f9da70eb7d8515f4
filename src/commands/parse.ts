import { z } from 'zod';

import { textCursor, timeCursor } from '../documents/page.ts';
import { UsageError } from './usage-error.ts';

/** Parses what commander collected. Throws `UsageError`, naming the option as it is typed. */
export function parseOptions<T extends z.ZodType>(schema: T, options: unknown): z.output<T> {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${flagOf(path[0])}${message}`);
  throw new UsageError(problems.join('\n'));
}

export function parseArgument(args: readonly string[], index: number, name: string): string {
  const value = args[index];
  if (value === undefined || value === '') throw new UsageError(`<${name}> is missing.`);
  return value;
}

/** A whole number, as people type it. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `30m`, `2h`, `7d`, in seconds. */
export const durationSeconds = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'must be a duration like 90s, 30m, 2h or 7d')
  .transform((text) => Number.parseInt(text, 10) * UNIT_SECONDS[text.slice(-1) as keyof typeof UNIT_SECONDS]);

export const texts = z.array(z.string()).default([]);

/** How many rows a list prints at most. */
const LIMIT_MAX = 1000;

export const pageOptions = z.object({
  limit: wholeNumber
    .pipe(z.number().min(1, 'must be at least 1').max(LIMIT_MAX, `must be at most ${LIMIT_MAX}`))
    .default(100),
  after: timeCursor.optional(),
  search: z.string().optional(),
});

/** Of a list that is not in the order of time. */
export const textPageOptions = pageOptions.extend({ after: textCursor.optional() });

function flagOf(name: PropertyKey | undefined): string {
  if (name === undefined) return '';
  return `--${String(name).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} `;
}
