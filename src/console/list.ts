import type { Pager, Search } from '../../views/locals/console.ts';
import type { Visit } from './context.ts';

const PAGE_SIZE = 50;

const TEXT_LENGTH_MAX = 200;

/** What a list is asked for, and how the screen speaks of it. Names of further filters that stand in the address come on top. */
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
