import type { Requirement } from '../config/requirement.ts';

/**
 * APIs (resource servers): the audience of their tokens (RFC 8707), the scopes they understand, how long their tokens live
 * and how they are signed (RFC 9068). This room does not own which client may ask for what (`clients/`), nor what ends the
 * tokens of an API (`revocation/`).
 */
export interface Api {
  readonly id: string;
  /** Absolute URI without fragment; the `aud` of its tokens and the `resource` of requests. Never changes. */
  readonly audience: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  readonly tokenTtlSeconds: number;
  readonly signingAlg: SigningAlg;
  /** How sure it has to be of people: no token of theirs is issued for it from a weaker sign-in. */
  readonly requirement: Requirement;
  /** Its tokens carry only what roles carry (`roles/`). Begun and ended by `revocation/enforce-roles.ts`. */
  readonly enforcesRoles: boolean;
  readonly origin: ApiOrigin;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** `built-in`: a part of this server; nobody changes or deletes it. */
export const API_ORIGINS = ['operator', 'built-in'] as const;
export type ApiOrigin = (typeof API_ORIGINS)[number];

export interface ApiScope {
  readonly name: string;
  /** In words, for the consent page. */
  readonly description: string;
}

export const SIGNING_ALGS = ['ES256', 'RS256', 'EdDSA'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** NOTIFY channel; the payload is the API's id. */
export const APIS_CHANNEL = 'guichet_apis';
