import type { Context } from 'koa';

import type { Views } from '../../views/render.ts';
import type { AuditQuota } from '../audit/quota.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';
import type { Egress } from '../http/egress.ts';
import type { Throttle } from '../http/throttle.ts';
import type { Logger } from '../log.ts';
import type { Interaction, Interactions } from '../oidc/interactions.ts';
import type { IdentityProviderCache } from '../upstream/cache.ts';
import type { OidcIssuers } from '../upstream/oidc-issuers.ts';

/** What this door needs of the house. */
export interface InteractionsContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly db: Database;
  readonly passwords: Passwords;
  readonly seal: Seal;
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly throttle: Throttle;
  readonly auditQuota: AuditQuota;
  readonly identityProviders: IdentityProviderCache;
  readonly oidcIssuers: OidcIssuers;
  readonly views: Views;
}

/** One request of a person within an interaction that is theirs. */
export interface Visit {
  readonly ctx: Context;
  readonly interaction: Interaction;
  readonly interactions: Interactions;
  /** The path's last part, for steps that have one: which identity provider, say. */
  readonly item: string | undefined;
}

export type Answer = (context: InteractionsContext, visit: Visit) => Promise<void>;

/** One word of `/interaction/:uid/word`. What has no `get` of its own leads back to the interaction. */
export interface Step {
  readonly get?: Answer;
  readonly post?: Answer;
  /** It is `/interaction/:uid/word/item`. */
  readonly hasItem?: true;
}

export type Steps = Readonly<Record<string, Step>>;
