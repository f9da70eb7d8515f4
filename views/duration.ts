import type { Language } from './language.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds in words, in the one unit that reads best, rounded up: a wait that is over too early would be a lie. */
export function duration(language: Language, seconds: number): string {
  const [unit, size] = unitFor(seconds);
  const words = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' });
  return words.format(Math.max(1, Math.ceil(seconds / size)));
}

function unitFor(seconds: number): [unit: string, size: number] {
  if (seconds < 2 * MINUTE) return ['second', 1];
  if (seconds < 2 * HOUR) return ['minute', MINUTE];
  if (seconds < 2 * DAY) return ['hour', HOUR];
  return ['day', DAY];
}
