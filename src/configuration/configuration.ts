/**
 * Configuration as code: a file says which APIs, roles, identity providers, trusted issuers and clients there are; this room compares
 * that with the database (`plan`), makes it so in one transaction (`apply`), writes the file that would make what is there (`export`),
 * and tells who changed by hand what a file had said (`drift`). It owns which things are managed by which file, and no rule about any
 * of them: rules and changes are the verbs of the rooms and of `revocation/`. People, sessions, tokens and signing keys are not
 * configuration. A file never holds a secret, only where one is kept.
 *
 * Both sides are brought into one normal form first, with every default written out and every list that is a set sorted, so that only
 * what differs in meaning differs.
 */
import type { Config } from '../config/config.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { ApiNormal } from './normal-api.ts';
import type { ClientNormal } from './normal-client.ts';
import type { ProviderNormal } from './normal-provider.ts';
import type { RoleNormal } from './normal-role.ts';
import type { IssuerNormal } from './normal-issuer.ts';

export interface ConfigurationContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly config: Pick<Config, 'mode' | 'issuer' | 'statusLists'> &
    Partial<Pick<Config, 'clientCertificateHeader'>> & {
      readonly tokens: { readonly accessTtlSeconds: number };
    };
}

/** What defaults and rules of a normal form depend on. */
export type Settings = ConfigurationContext['config'];

export interface Normals {
  readonly api: ApiNormal;
  readonly role: RoleNormal;
  readonly 'identity-provider': ProviderNormal;
  readonly 'trusted-issuer': IssuerNormal;
  readonly client: ClientNormal;
}

export type Kind = keyof Normals;

/** In the order in which they are made: each mentions those before it only. */
export const KINDS = [
  'api',
  'role',
  'identity-provider',
  'trusted-issuer',
  'client',
] as const satisfies readonly Kind[];

/** What a file calls the things of a kind together. */
export const SECTIONS = {
  api: 'apis',
  role: 'roles',
  'identity-provider': 'identity_providers',
  'trusted-issuer': 'trusted_issuers',
  client: 'clients',
} as const satisfies Record<Kind, string>;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

interface ThingOf<K extends Kind> {
  readonly kind: K;
  /** Of a client its id, of an API its audience, of a role both of its names, of a provider its slug, of an issuer its URL. */
  readonly key: string;
  readonly document: Normals[K];
}

export type Thing = { [K in Kind]: ThingOf<K> }[Kind];

export function nameOf({ kind, key }: Pick<Thing, 'kind' | 'key'>): string {
  return `${kind} ${key}`;
}

export function sortedRecord<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => compareText(a, b)));
}

/** Sorted, each once: a list whose order means nothing. */
export function asSet(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}

/** By code unit, as everywhere else, so that files do not differ between machines. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
