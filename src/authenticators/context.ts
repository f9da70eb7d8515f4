import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';

/** What the verbs of this room work with. */
export interface FactorContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly config: Pick<Config, 'issuer' | 'brand' | 'authentication'>;
  readonly tell: Tell;
}

/** Tells a person by mail, in the transaction of what it tells of. This room knows no addresses. */
export type Tell = (tx: Knex.Transaction, notice: FactorNotice) => Promise<void>;

export interface FactorNotice {
  readonly kind:
    | 'authenticator-added'
    | 'authenticator-removed'
    | 'recovery-code-used'
    | 'recovery-codes-made'
    | 'second-factor-locked';
  readonly accountId: string;
  readonly detail: Readonly<Record<string, string>>;
}

/** For the audit log: by whose hand and in which request. */
export interface By {
  readonly actor: Actor;
  readonly requestId?: string | undefined;
  readonly address?: string | undefined;
}
