/**
 * What a string is that somebody presents as a token, and whether and why it is dead: for operators, in words. This room looks at
 * everything that tokens hang on and changes nothing; `revocation/` ends them. What it says of a token holds no token.
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';

export interface InspectionContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly config: Pick<Config, 'issuer' | 'sessions' | 'statusLists'>;
}
