import { mapClients } from './keycloak-clients.ts';
import { mapKeys } from './keycloak-keys.ts';
import { mapPeople } from './keycloak-people.ts';
import { readRealm, userDocument, type KeycloakRealm, type KeycloakUser } from './keycloak-realm.ts';
import { mapRoles } from './keycloak-roles.ts';
import type { ForeignPerson, Migration, MigrationChoices } from './migration.ts';
import type { Notes } from './notes.ts';

export interface KeycloakExport {
  readonly realm: unknown;
  /** Of the files beside it, where people do not stand in the realm itself. */
  readonly users: readonly unknown[];
}

/** A realm as it is here. Throws `invalid_export` (400); single things that have no place here are noted. */
export function readKeycloak(
  given: KeycloakExport,
  { choices, notes, now }: { choices: MigrationChoices; notes: Notes; now: Date },
): { migration: Migration; people: Iterable<ForeignPerson>; total: number } {
  const realm = readRealm(given.realm);
  const users = [...(realm.users ?? []), ...given.users];
  const roles = mapRoles(realm, choices, notes);
  const parts = { realm, roles, choices, notes, serviceAccounts: serviceAccountsOf(users) };
  noteRealm(realm, notes);
  const migration = {
    apis: roles.apis,
    roles: roles.roles,
    clients: mapClients(parts),
    keys: mapKeys(realm, choices, notes),
  };
  return { migration, people: mapPeople(users, { ...parts, now }), total: users.length };
}

function serviceAccountsOf(users: readonly unknown[]): Map<string, KeycloakUser> {
  const found = users.flatMap((given) => {
    const isAccount = typeof given === 'object' && given !== null && 'serviceAccountClientId' in given;
    const read = isAccount ? userDocument.safeParse(given) : undefined;
    return read?.success ? [read.data] : [];
  });
  return new Map(found.map((user) => [user.serviceAccountClientId ?? '', user]));
}

function noteRealm(realm: KeycloakRealm, notes: Notes): void {
  for (const { alias } of realm.identityProviders ?? []) {
    const why = 'Its client is registered there for the address of Keycloak.';
    notes.add(
      { what: 'an identity provider', why, todo: 'Set it up: guichet identity-providers --help.' },
      alias,
    );
  }
  for (const { name = '' } of realm.components?.['org.keycloak.storage.UserStorageProvider'] ?? []) {
    const why = 'Its password is not taken over.';
    notes.add({ what: 'a directory', why, todo: 'Set it up: guichet identity-providers --help.' }, name);
  }
  if ((realm.groups?.length ?? 0) > 0) {
    const why = 'There are no groups here: their members were given the roles of their groups, one by one.';
    notes.add({
      what: 'groups',
      why,
      todo: 'Give roles to people, or map the groups of an identity provider.',
    });
  }
}
