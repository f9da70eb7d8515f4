import type { Api } from './api.ts';

/** Of a list, those that a page is made of, by their audience; `after` is the audience that ended the previous page. */
export function selectApis(
  apis: readonly Api[],
  { search, after }: { search?: string | undefined; after?: string | undefined },
): Api[] {
  const wanted = search?.toLowerCase();
  return apis
    .filter(({ audience }) => after === undefined || audience > after)
    .filter(
      ({ audience, name }) => wanted === undefined || `${audience} ${name}`.toLowerCase().includes(wanted),
    )
    .toSorted((a, b) => (a.audience < b.audience ? -1 : 1));
}
