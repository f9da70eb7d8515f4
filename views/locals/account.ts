import type { Person } from './core.ts';

/** The pages of /account. */
export interface AccountPages {
  readonly 'account-overview': OverviewLocals;
  /** A sign-in for the account pages that came to nothing. */
  readonly 'account-stopped': { readonly page: { readonly kind: AccountPageName } };
}

/** Everything the navigation can lead to. */
export type AccountPageName =
  | 'overview'
  | 'profile'
  | 'email'
  | 'password'
  | 'security'
  | 'identities'
  | 'apps'
  | 'sessions'
  | 'activity'
  | 'data';

/** What is around every page of /account. */
export interface AccountFrame {
  readonly current: { readonly kind: AccountPageName };
  /** Those that exist, in the order of the navigation. */
  readonly pages: readonly { readonly kind: AccountPageName }[];
  readonly csrf: string;
  readonly person: Person;
}

interface OverviewLocals {
  readonly frame: AccountFrame;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly username: string | undefined;
}
