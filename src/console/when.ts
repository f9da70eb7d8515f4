import { z } from 'zod';

import { httpError } from '../http/errors.ts';
import { filled } from './form.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SPAN = /^(\d{1,6})\s*([smhd])$/;
const TIME = z.iso.datetime({ offset: true, local: true }).or(z.iso.date());

/** `24h`, without spaces in it: so far from now. */
export function isSpan(text: string): boolean {
  return /^\d{1,6}[smhd]$/.test(text);
}

/**
 * A point in time as people type it, as RFC 3339 in UTC: `24h` is so long ago or, where the future is meant, so long from now. A time
 * without a zone is UTC. undefined for an empty field. Throws `invalid_request`.
 */
export function instantOf(
  text: string | undefined,
  { now, meant, label }: { now: Date; meant: 'past' | 'future'; label: string },
): string | undefined {
  const typed = filled(text);
  if (typed === undefined) return undefined;
  const [, number, unit = ''] = SPAN.exec(typed) ?? [];
  if (number !== undefined) {
    const span = Number(number) * (UNIT_MS[unit] ?? 0);
    return new Date(now.getTime() + (meant === 'past' ? -span : span)).toISOString();
  }
  const normal = typed.replace(/^(\d{4}-\d\d-\d\d) /, '$1T');
  if (TIME.safeParse(normal).success) return new Date(isZoned(normal) ? normal : `${normal}Z`).toISOString();
  throw httpError(
    'invalid_request',
    `${label}: a time such as 2031-05-06T07:20, in UTC, or a span such as 24h.`,
  );
}

/** A date alone is midnight, UTC. */
function isZoned(text: string): boolean {
  return !text.includes('T') || /(?:Z|[+-]\d\d:\d\d)$/.test(text);
}
