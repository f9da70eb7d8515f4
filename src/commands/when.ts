import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const AGO = /^(\d{1,6})([smhd])$/;

/** A point in time as people type it: a date and time, or how long ago it was. It is known once the present is. */
export const whenOption = z.string().transform((text, issues): ((now: Date) => Date) => {
  const [, number, unit] = AGO.exec(text) ?? [];
  if (number !== undefined && unit !== undefined) {
    const seconds = Number(number) * (UNITS[unit] ?? 0);
    return (now) => new Date(now.getTime() - seconds * 1000);
  }
  const at = z.iso.datetime({ offset: true }).or(z.iso.date()).safeParse(text);
  if (!at.success) {
    issues.addIssue('must be a time like 2026-03-01T00:00:00Z, or like 24h ago');
    return z.NEVER;
  }
  return () => new Date(at.data);
});
