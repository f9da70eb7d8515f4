import type { Pager, Search } from '../../views/locals/console.ts';
import type { Visit } from './context.ts';

const PAGE_SIZE = 50;

const TEXT_LENGTH_MAX = 200;

/** What a list without a search is asked for: `filters` are the members of its query that stand in the address. */
export function pageOf<Name extends string>({ ctx }: Pick<Visit, 'ctx'>, filters: readonly Name[]) {
  const given = Object.fromEntries(
    filters.flatMap((name) => {
      const text = textOf(ctx.query[name]);
      return text === undefined ? [] : [[name, text]];
    }),
  ) as Partial<Record<Name, string>>;
  const after = textOf(ctx.query['after']);
  const at = (more: Readonly<Record<string, string>>) => {
    const text = new URLSearchParams({ ...given, ...more } as Record<string, string>).toString();
    return text === '' ? ctx.path : `${ctx.path}?${text}`;
  };
  return {
    given,
    query: { limit: PAGE_SIZE, ...given, ...(after === undefined ? {} : { after }) },
    pager: (next: string | null): Pager => ({
      first: after === undefined ? undefined : at({}),
      next: next === null ? undefined : at({ after: next }),
    }),
  };
}

/** What a list with a search is asked for, and how the screen speaks of it. */
export function listOf({ ctx }: Pick<Visit, 'ctx'>, label: string) {
  const action = ctx.path;
  const search = textOf(ctx.query['search']);
  const after = textOf(ctx.query['after']);
  const at = (query: Record<string, string | undefined>) => {
    const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
    const text = new URLSearchParams(given).toString();
    return text === '' ? action : `${action}?${text}`;
  };
  return {
    query: {
      limit: PAGE_SIZE,
      ...(search === undefined ? {} : { search }),
      ...(after === undefined ? {} : { after }),
    },
    search: { action, text: search ?? '', label } satisfies Search,
    pager: (next: string | null): Pager => ({
      first: after === undefined ? undefined : at({ search }),
      next: next === null ? undefined : at({ search, after: next }),
    }),
  };
}

export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim().slice(0, TEXT_LENGTH_MAX);
  return text === '' || text.includes('\0') ? undefined : text;
}
