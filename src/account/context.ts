import type { Context } from 'koa';

import type { AccountPageName } from '../../views/locals/account.ts';
import type { Views } from '../../views/render.ts';
import type { Account } from '../accounts/account.ts';
import type { ClientCache } from '../clients/cache.ts';
import type { AuditQuota } from '../audit/quota.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';
import type { Egress } from '../http/egress.ts';
import type { Throttle } from '../http/throttle.ts';
import type { CheckPassword } from '../interactions/check-password.ts';
import type { Logger } from '../log.ts';
import type { CurrentSession, CurrentSessions } from '../oidc/current-session.ts';
import type { ApiCache } from '../resources/cache.ts';
import type { IdentityProviderCache } from '../upstream/cache.ts';
import type { OidcIssuers } from '../upstream/oidc-issuers.ts';

/** What this door needs of the house. */
export interface AccountContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly db: Database;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly passwords: Passwords;
  readonly egress: Egress;
  readonly throttle: Throttle;
  readonly auditQuota: AuditQuota;
  readonly clients: ClientCache;
  readonly apis: ApiCache;
  readonly identityProviders: IdentityProviderCache;
  readonly oidcIssuers: OidcIssuers;
  readonly sessions: CurrentSessions;
  readonly views: Views;
  readonly checkPassword: CheckPassword;
  /** The pages there are, in the order of the navigation. */
  readonly pageNames: readonly AccountPageName[];
}

/** One request of the person who is signed in. */
export interface AccountVisit {
  readonly ctx: Context;
  readonly account: Account;
  readonly session: CurrentSession;
  /** The path's last part, for actions on one of several things. Anybody may have written it: look whose it is. */
  readonly item: string | undefined;
}

export type AccountAnswer = (context: AccountContext, visit: AccountVisit) => Promise<void>;

export interface AccountAction {
  readonly run: AccountAnswer;
  /** Only with a fresh sign-in; with an older one the person signs in again and is back at the page. */
  readonly fresh?: true;
  /** It is `/account/page/action/item`. */
  readonly hasItem?: true;
  /** A GET, by a redirect from elsewhere: a single-use item stands for the form. */
  readonly byGet?: true;
}

export interface AccountPage {
  readonly get: AccountAnswer;
  /** POST `/account/page/action`. The session, the csrf token and freshness are checked before one runs. */
  readonly actions?: Readonly<Record<string, AccountAction>>;
  /** The same for looking at the page. */
  readonly fresh?: true;
}

export type AccountPages = Readonly<Partial<Record<AccountPageName, AccountPage>>>;
