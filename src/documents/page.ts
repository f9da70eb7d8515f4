import { z } from 'zod';

import { placeOf, type Place } from '../db/place.ts';
import { isStorable } from '../db/text.ts';

/** An id or an audience, and what goes before it. */
const CURSOR_LENGTH_MAX = 3000;

const TIMED = /^(\d{1,15})\.(.{1,300})$/s;
const NOT_OURS = 'must be `next` of the page before';

/** `next` of a list that is ordered by time. Opaque: it holds the order's own key, so that the row that ended the page may go. */
export function toCursor({ at, id }: Place): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url');
}

/** The same of a list that is ordered by one text that is nobody else's. */
export function toTextCursor(text: string): string {
  return Buffer.from(`=${text}`).toString('base64url');
}

export const timeCursor = cursor((text): Place | undefined => {
  const [, at, id] = TIMED.exec(text) ?? [];
  return at === undefined || id === undefined ? undefined : { at: new Date(Number(at)), id };
}, toCursor);

export const textCursor = cursor(
  (text) => (text.startsWith('=') && text.length > 1 ? text.slice(1) : undefined),
  toTextCursor,
);

/** `bigint` has one digit more. */
const EVENT_ID = /^\d{1,18}$/;

/** Of the audit log, whose events are numbered. */
export const eventCursor = timeCursor.refine(({ id }) => EVENT_ID.test(id), NOT_OURS);

function cursor<T>(read: (text: string) => T | undefined, write: (place: T) => string) {
  return z
    .string()
    .max(CURSOR_LENGTH_MAX)
    .transform((given, issues): T => {
      const text = Buffer.from(given, 'base64url').toString();
      const place = isStorable(text) ? read(text) : undefined;
      // What decodes to the same is not the same: one place has one cursor.
      if (place !== undefined && write(place) === given) return place;
      issues.addIssue(NOT_OURS);
      return z.NEVER;
    });
}

/** Cuts a list that was asked for one row more than the page has. */
export function cut<T>(
  rows: readonly T[],
  limit: number,
  cursorOf: (row: T) => string,
): { items: readonly T[]; next: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** Of rows that are in the order of when they were made. */
export function cursorOfMade(row: { readonly createdAt: Date; readonly id: string }): string {
  return toCursor(placeOf(row));
}
