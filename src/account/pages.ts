import type { AccountPages } from './context.ts';
import { overview } from './overview.ts';

/** One line a page, in the order of the navigation. `overview` is at `/account`, the others at `/account/name`. */
export const PAGES: AccountPages = {
  overview,
};
