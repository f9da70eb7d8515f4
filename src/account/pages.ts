import { activity } from './activity.ts';
import { apps } from './apps.ts';
import type { AccountPages } from './context.ts';
import { data } from './data.ts';
import { overview } from './overview.ts';
import { profile } from './profile.ts';
import { sessions } from './sessions.ts';

/** One line a page, in the order of the navigation. `overview` is at `/account`, the others at `/account/name`. */
export const PAGES: AccountPages = {
  overview,
  profile,
  apps,
  sessions,
  activity,
  data,
};
