import { httpError } from '../http/errors.ts';

/** Where a page of a list that is ordered by time ended. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

const CURSOR = /^(\d{1,15})\.(.{1,200})$/s;

export function toCursor({ at, id }: Place): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url');
}

/** Throws `invalid_request` for what is no `next` of ours. */
export function fromCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [, at = '', id = ''] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const place = { at: new Date(Number(at)), id };
  if (at === '' || toCursor(place) !== cursor) {
    throw httpError('invalid_request', 'after: must be `next` of the page before.');
  }
  return place;
}
