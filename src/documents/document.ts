/**
 * What clients, APIs, people and the rest look like as JSON: the same members in the answers of the admin API, in what commands print
 * with `--json`, and in configuration files. Each noun has a file with the shape that is answered, the shapes that are accepted, and
 * the way from a row to the former and from the latter to a verb. This folder owns shapes, not rules: whether a redirect URI will do
 * is for the room that owns clients to say. Members are named as in the RFCs (RFC 7591 for clients), others in snake_case; every
 * member is written down, so that a new column stays private until somebody adds it. Times are RFC 3339, in UTC.
 */
import { z } from 'zod';

export const instant = z.iso.datetime().describe('RFC 3339, UTC');

/** Long enough for every identifier of ours and of those who bring their own. */
const ID_LENGTH_MAX = 255;

export const identifier = z.string().min(1).max(ID_LENGTH_MAX);

/** A longer text is refused by the room as well; this keeps it from being looked at. */
export const text = z.string().max(2000);

export function toInstant(date: Date): string {
  return date.toISOString();
}

export function toInstantOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
