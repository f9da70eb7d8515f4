import type { Person } from './core.ts';

/** The pages of /account. */
export interface AccountPages {
  readonly 'account-overview': OverviewLocals;
  readonly 'account-profile': ProfileLocals;
  readonly 'account-apps': AppsLocals;
  readonly 'account-sessions': SessionsLocals;
  readonly 'account-activity': ActivityLocals;
  readonly 'account-data': DataLocals;
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
  /** The person's own, or UTC. */
  readonly timeZone: string;
  /** What has just been done, told once. */
  readonly notice: AccountNotice | undefined;
}

export type AccountNotice =
  | { readonly kind: 'saved' | 'nothingEnded' | 'identityConnected' | 'identityDisconnected' }
  | { readonly kind: 'sessionsEnded'; readonly sessions: number; readonly tokens: number }
  | { readonly kind: 'accessWithdrawn'; readonly client: string; readonly tokens: number };

interface OverviewLocals {
  readonly frame: AccountFrame;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly username: string | undefined;
}

/** OIDC standard claims that people may change themselves, in the order of the form. */
export type ProfileField =
  | 'name'
  | 'given_name'
  | 'family_name'
  | 'nickname'
  | 'birthdate'
  | 'phone_number'
  | 'website'
  | 'picture'
  | 'locale'
  | 'zoneinfo';

interface ProfileLocals {
  readonly frame: AccountFrame;
  readonly values: Readonly<Partial<Record<ProfileField, string>>>;
  readonly problems: readonly { readonly field: { readonly kind: ProfileField } }[];
  /** Tags with the name of each language in itself. */
  readonly locales: readonly { readonly tag: string; readonly name: string }[];
  readonly zones: readonly string[];
}

interface AppsLocals {
  readonly frame: AccountFrame;
  readonly apps: readonly AppWithAccess[];
}

interface AppWithAccess {
  readonly clientId: string;
  readonly name: string;
  /** A part of this service: nobody is asked, and it has access again at the next sign-in. */
  readonly firstParty: boolean;
  /** It registered itself, so its name is only a claim. */
  readonly unverified: boolean;
  readonly since: Date;
  readonly lastUsedAt: Date;
  /** OIDC scopes other than `openid` and `offline_access`. */
  readonly scopes: readonly string[];
  readonly apis: readonly {
    readonly name: string;
    readonly scopes: readonly { readonly name: string; readonly description: string }[];
  }[];
  /** It keeps its access while the person is away. */
  readonly offline: boolean;
}

interface SessionsLocals {
  readonly frame: AccountFrame;
  readonly sessions: readonly SessionOfPerson[];
}

interface SessionOfPerson {
  readonly id: string;
  /** The one of this browser. */
  readonly isCurrent: boolean;
  readonly browser: string | undefined;
  readonly system: string | undefined;
  readonly address: string | undefined;
  readonly since: Date;
  readonly lastUsedAt: Date;
  /** Names of the apps that were signed in to with it. */
  readonly apps: readonly string[];
}

interface ActivityLocals {
  readonly frame: AccountFrame;
  readonly events: readonly ActivityOfPerson[];
  /** Where older ones are; undefined: there are none. */
  readonly older: string | undefined;
  /** These are not the newest. */
  readonly isLater: boolean;
}

interface ActivityOfPerson {
  /** A key of `activity.events` in the texts. */
  readonly kind: string;
  readonly at: Date;
  /** Somebody who looks after the service did it. */
  readonly byOperator: boolean;
  /** Signed in where this person had never been before. */
  readonly inNewBrowser: boolean;
  /** Name of the app it was about. */
  readonly client: string | undefined;
  readonly address: string | undefined;
  readonly device: string | undefined;
}

interface DataLocals {
  readonly frame: AccountFrame;
  /** What has to be typed to delete the account. */
  readonly identifier: string;
  readonly problem: { readonly kind: 'confirmationWrong' } | undefined;
}
