import { z } from 'zod';

import { identifier } from '../documents/document.ts';
import { timeCursor, textCursor } from '../documents/page.ts';
import type { Operation } from './operation.ts';

const NOTHING = z.strictObject({});

/** What an operation need not say about itself. */
type Given<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType> = Omit<
  Operation<P, Q, B, A>,
  'params' | 'query' | 'body' | 'status'
> & {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly status?: Operation['status'];
};

/** Writes an entry of the table. Without a status it answers 200. */
export function operation<
  A extends z.ZodType,
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodType = z.ZodUndefined,
>(given: Given<P, Q, B, A>): Operation<P, Q, B, A> {
  return {
    ...given,
    params: given.params ?? (NOTHING as unknown as P),
    query: given.query ?? (NOTHING as unknown as Q),
    body: given.body ?? (z.undefined() as unknown as B),
    status: given.status ?? 200,
  };
}

/** `{client_id}` and the like. */
export function pathId<Name extends string>(name: Name): z.ZodObject<Record<Name, typeof identifier>> {
  return z.strictObject({ [name]: identifier } as Record<Name, typeof identifier>);
}

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 50;

const SEARCH_LENGTH_MAX = 200;

/** `?limit=&after=`: `after` is the `next` of the page before. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
  after: timeCursor.optional().describe('`next` of the page before'),
});

/** Of a list that is not in the order of time. */
export const textPageQuery = pageQuery.extend({
  after: textCursor.optional().describe('`next` of the page before'),
});

const search = z.string().max(SEARCH_LENGTH_MAX).optional();

export const searchQuery = pageQuery.extend({ search });
export const textSearchQuery = textPageQuery.extend({ search });

/** A page of a list: its items under the name of the noun. */
export function pageOf<Name extends string, T extends z.ZodType>(
  name: Name,
  item: T,
): z.ZodObject<Record<Name, z.ZodArray<T>> & { next: z.ZodNullable<z.ZodString> }> {
  return z.strictObject({ [name]: z.array(item), next: z.string().nullable() }) as never;
}
