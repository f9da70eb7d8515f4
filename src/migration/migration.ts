/**
 * What another authorization server leaves behind, made to go on here: its APIs, roles, clients and people come in under the ids, secrets and
 * password hashes that applications and people know. One file reads each product's export into the shapes below; make.ts and people.ts make
 * them so with the verbs of the rooms. This room owns what is mapped to what, and that everything which is not mapped is said. It
 * changes nothing that is there already: whatever has the same audience, name or id stays as it is, so that an import is run again
 * without harm. Exports are untrusted: shapes are checked, texts bounded, and a thing that a room refuses is reported and left out.
 */
import type { ImportRecord } from '../accounts/import-record.ts';
import type { ForeignKey } from '../keys/key.ts';

export interface Migration {
  readonly apis: readonly ForeignApi[];
  readonly roles: readonly ForeignRole[];
  readonly clients: readonly ForeignClient[];
  readonly keys: readonly ForeignKey[];
}

export interface ForeignApi {
  readonly audience: string;
  readonly name: string;
  readonly scopes: readonly { readonly name: string; readonly description: string }[];
  /** What the server's own default is unless said. */
  readonly tokenTtlSeconds?: number | undefined;
  readonly signingAlg?: string | undefined;
  readonly enforcesRoles: boolean;
}

/** A role by its API and name. */
export interface RoleName {
  readonly api: string;
  readonly role: string;
}

export interface ForeignRole extends RoleName {
  readonly description: string;
  readonly scopes: readonly string[];
}

export interface ForeignClient {
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Strong enough to go on working. */
  readonly secret: string | undefined;
  readonly firstParty: boolean;
  readonly apis: readonly { readonly audience: string; readonly scopes: readonly string[] }[];
  readonly defaultAudience: string | null;
  readonly actsForAudience: string | null;
  readonly roles: readonly RoleName[];
  readonly disabled: boolean;
}

export interface ForeignPerson {
  readonly record: ImportRecord;
  readonly roles: readonly RoleName[];
  readonly mustChangePassword: boolean;
  readonly totp: { readonly secret: Buffer; readonly name: string } | undefined;
}

export const IMPORTED = [
  'apis',
  'roles',
  'clients',
  'keys',
  'people',
  'authenticators',
  'role_assignments',
] as const;
export type Imported = (typeof IMPORTED)[number];

/** How many of each are new, and how many were there already. */
export type Counts = Record<Imported, { imported: number; alreadyThere: number }>;

export function noCounts(): Counts {
  return Object.fromEntries(IMPORTED.map((name) => [name, { imported: 0, alreadyThere: 0 }])) as Counts;
}

/** What is chosen here because the other server does not say it. */
export interface MigrationChoices {
  /** Audiences of APIs, by what they are called there: a client id, the identifier of a resource server; empty: the realm itself. */
  readonly audiences: ReadonlyMap<string, string>;
  /** Redirect URIs of clients, by client id, beside those that can be taken over. */
  readonly redirectUris: ReadonlyMap<string, readonly string[]>;
  /** Whether verification keys are taken over. */
  readonly withKeys: boolean;
}
