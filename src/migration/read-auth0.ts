import { mapApis } from './auth0-apis.ts';
import { mapClients } from './auth0-clients.ts';
import { readTenant, type Auth0Part } from './auth0-documents.ts';
import { createHashes, mapPerson } from './auth0-people.ts';
import type { ForeignPerson, Migration, MigrationChoices } from './migration.ts';
import type { Notes } from './notes.ts';

export interface Auth0Export {
  readonly parts: ReadonlyMap<Auth0Part, unknown>;
  /** Objects, or what could not be read. */
  readonly users: AsyncIterable<unknown>;
  readonly hashes: AsyncIterable<unknown>;
}

/** A tenant as it is here. Throws `invalid_export` (400); single things that have no place here are noted. */
export async function readAuth0(
  given: Auth0Export,
  { choices, notes, now }: { choices: MigrationChoices; notes: Notes; now: Date },
): Promise<{ migration: Migration; people: AsyncIterable<ForeignPerson> }> {
  const tenant = readTenant(given.parts);
  const apis = mapApis(tenant, choices, notes);
  const hashes = createHashes(notes);
  for await (const line of given.hashes) hashes.add(line);
  for (const { name, strategy = '' } of tenant.connections) {
    if (strategy === 'auth0') continue;
    const why = 'Its client is registered there for the address of Auth0.';
    notes.add({ what: 'a connection', why, todo: 'Set it up: guichet identity-providers --help.' }, name);
  }
  const clients = mapClients({ tenant, apis, choices, notes });
  async function* people(): AsyncGenerator<ForeignPerson> {
    for await (const line of given.users) {
      const person = mapPerson(line, { hashes: hashes.found, apis, notes, now });
      if (person) yield person;
    }
  }
  return { migration: { apis: apis.apis, roles: apis.roles, clients, keys: [] }, people: people() };
}
