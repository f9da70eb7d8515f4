import { activity } from './activity.ts';
import { apps } from './apps.ts';
import type { AccountPages } from './context.ts';
import { data } from './data.ts';
import { email } from './email.ts';
import { identities } from './identities.ts';
import { overview } from './overview.ts';
import { password } from './password.ts';
import { profile } from './profile.ts';
import { security } from './security.ts';
import { sessions } from './sessions.ts';

/** One line a page, in the order of the navigation. `overview` is at `/account`, the others at `/account/name`. */
export const PAGES: AccountPages = {
  overview,
  profile,
  email,
  password,
  security,
  identities,
  apps,
  sessions,
  activity,
  data,
};
