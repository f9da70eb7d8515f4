import type { ClientRecord } from '../clients/client.ts';
import type { Config } from '../config/config.ts';
import type { SigningKey } from '../keys/key.ts';
import type { Api } from '../resources/api.ts';
import type { LiveFacts } from './live.ts';

/** What the rules look at, read once. */
export interface Facts {
  readonly at: Date;
  readonly config: Config;
  readonly clients: readonly ClientFacts[];
  readonly apis: readonly ApiFacts[];
  readonly keys: readonly SigningKey[];
  readonly people: PeopleFacts;
  readonly log: LogFacts;
  readonly live: LiveFacts;
}

export interface ClientFacts extends ClientRecord {
  /** Scopes of the admin API that it may ask for. */
  readonly adminScopes: readonly string[];
}

export interface ApiFacts extends Api {
  /** How many clients may ask for its tokens. */
  readonly clients: number;
}

export interface PeopleFacts {
  readonly total: number;
  /** Enabled, with a password, and nothing beside it. */
  readonly passwordOnly: number;
  /** Enabled, not signed in for {@link DORMANT_DAYS} or ever. */
  readonly dormant: number;
  /** Password hashes of another system that nobody has proved since. */
  readonly importedHashes: number;
  readonly administrators: readonly Administrator[];
}

export interface Administrator {
  readonly accountId: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly hasSecondFactor: boolean;
  readonly signedInAt: Date | null;
}

export interface LogFacts {
  readonly events: number;
  /** The latest signed checkpoint. */
  readonly checkpointAt: Date | null;
  /** Webhooks and syslog receivers in use that get every event. */
  readonly sinks: number;
}

/** ISO 27001 A.5.18 wants rights reviewed; a quarter is the usual interval. */
export const DORMANT_DAYS = 90;

export function daysBetween(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / 86_400_000);
}
