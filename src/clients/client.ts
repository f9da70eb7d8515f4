import type { ClientBrand } from './brand.ts';
import type { Requirement } from '../config/requirement.ts';
import type { ExchangePolicy } from './exchange.ts';

/**
 * Client applications: their RFC 7591 metadata, their secrets, and which scopes of which API they may ask for. This room
 * does not own their grants and tokens: what ends those (disabling, deleting) is in `revocation/`.
 */
export interface ClientRecord {
  readonly id: string;
  /** RFC 7591 members under their wire names; never a secret. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly origin: ClientOrigin;
  /** Ours: no consent page. */
  readonly firstParty: boolean;
  /** The API of a request that names none. */
  readonly defaultApiId: string | null;
  /** These are the credentials of an API itself: it may introspect the tokens addressed to that API. */
  readonly actsForApiId: string | null;
  /** How sure it has to be of people. */
  readonly requirement: Requirement;
  readonly disabledAt: Date | null;
  readonly secrets: readonly SecretRecord[];
  readonly apis: readonly ApiAccess[];
  readonly brand: ClientBrand;
  /** Whose tokens it may exchange; null: nobody has said. */
  readonly exchange: ExchangePolicy | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * `operator`: made by somebody of ours. `dynamic`: registered itself (RFC 7591), and is trusted less. `built-in`: a part of
 * this server (built-in.ts).
 */
export type ClientOrigin = 'operator' | 'dynamic' | 'built-in';

export interface SecretRecord {
  readonly id: string;
  readonly digest: Buffer;
  /** The first characters, so that an operator can tell two secrets apart. */
  readonly hint: string;
  readonly createdAt: Date;
  /** null: until it is rotated away. */
  readonly expiresAt: Date | null;
  /** As it was read; the cached copy of a client is not kept up to date with it. null: never yet. */
  readonly lastUsedAt: Date | null;
}

export interface ApiAccess {
  readonly apiId: string;
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** NOTIFY channel; the payload is the client's id. */
export const CLIENTS_CHANNEL = 'guichet_clients';

/** RFC 6749 §A.1: VSCHAR. The length is ours. Anything else cannot be a client's id and is not worth a query. */
const CLIENT_ID = /^[\x20-\x7e]{1,255}$/;

export function isClientId(id: string): boolean {
  return CLIENT_ID.test(id);
}
