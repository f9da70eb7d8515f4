import { ROLES_PER_API_MAX } from '../roles/rules.ts';
import type { KeycloakRealm, KeycloakRole } from './keycloak-realm.ts';
import type { ForeignApi, ForeignRole, MigrationChoices, RoleName } from './migration.ts';
import type { Notes } from './notes.ts';

/** Keycloak's own clients: what they are for, this server does by itself. */
export const OWN_CLIENTS = new Set([
  'account',
  'account-console',
  'admin-cli',
  'broker',
  'realm-management',
  'security-admin-console',
  'master-realm',
]);

/** Roles that every realm has. */
const OWN_ROLES = new Set(['offline_access', 'uma_authorization']);

const NAME = /^[a-z0-9._:-]{1,60}$/;
const DESCRIPTION_LENGTH_MAX = 200;

export interface KeycloakRoles {
  readonly apis: readonly ForeignApi[];
  readonly roles: readonly ForeignRole[];
  /** What a role is here, with all those that it contains. */
  expand(roles: Held): RoleName[];
  /** Only what is named itself, without what it contains. */
  find(client: string | undefined, name: string): RoleName | undefined;
  audienceOf(client: string | undefined): string | undefined;
}

/** As users, groups and composite roles name them. */
export interface Held {
  readonly realm: readonly string[];
  readonly client: Readonly<Record<string, readonly string[]>>;
}

/**
 * The realm's own roles become those of one API, the roles of a client those of an API of its name. In Keycloak a role is the right itself,
 * so that each becomes a scope of its name with a role that carries it; a composite role is given together with what it contains.
 */
export function mapRoles(realm: KeycloakRealm, choices: MigrationChoices, notes: Notes): KeycloakRoles {
  const known = new Map<string, RoleName>();
  const contains = new Map<string, Held>();
  const apis: ForeignApi[] = [];
  const roles: ForeignRole[] = [];
  const audiences = new Map<string, string>();

  function addApi(client: string | undefined, name: string, given: readonly KeycloakRole[]): void {
    const audience = audienceFor(client, realm.realm, choices);
    const named = nameRoles(given, client, notes);
    for (const { role, name: roleName } of named)
      known.set(keyOf(client, role.name), { api: audience, role: roleName });
    for (const { name: own, composites } of given) {
      contains.set(keyOf(client, own), { realm: composites?.realm ?? [], client: composites?.client ?? {} });
    }
    audiences.set(keyOf(client, ''), audience);
    apis.push({
      audience,
      name: name.slice(0, DESCRIPTION_LENGTH_MAX),
      scopes: named.map(({ role, name: scope }) => ({ name: scope, description: describe(role) })),
      tokenTtlSeconds: lifespan(realm),
      enforcesRoles: named.length > 0,
    });
    roles.push(
      ...named.map(({ role, name: own }) => ({
        api: audience,
        role: own,
        description: describe(role),
        scopes: [own],
      })),
    );
  }

  const realmRoles = realm.roles?.realm ?? [];
  if (realmRoles.some(({ name }) => !isOwn(name))) addApi(undefined, realm.realm, realmRoles);
  else
    for (const { name, composites } of realmRoles) contains.set(keyOf(undefined, name), heldOf(composites));
  const byClient = new Map(Object.entries(realm.roles?.client ?? {}));
  for (const client of realm.clients ?? []) {
    if (OWN_CLIENTS.has(client.clientId) || client.protocol === 'saml') continue;
    const own = byClient.get(client.clientId) ?? [];
    if (own.length > 0 || client.bearerOnly) addApi(client.clientId, client.name || client.clientId, own);
  }

  const find = (client: string | undefined, name: string) => known.get(keyOf(client, name));
  return {
    apis,
    roles,
    find,
    audienceOf: (client) => audiences.get(keyOf(client, '')),
    expand: (held) => expandHeld(held, { known, contains }),
  };
}

/** Each role once, however they contain each other. */
function expandHeld(
  held: Held,
  { known, contains }: { known: ReadonlyMap<string, RoleName>; contains: ReadonlyMap<string, Held> },
): RoleName[] {
  const seen = new Set<string>();
  const queue = keysOf(held);
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const more = contains.get(key);
    if (more) queue.push(...keysOf(more));
  }
  return [...seen].flatMap((key) => known.get(key) ?? []);
}

function keysOf({ realm, client }: Held): string[] {
  const ofClients = Object.entries(client).flatMap(([id, names]) => names.map((name) => keyOf(id, name)));
  return [...realm.map((name) => keyOf(undefined, name)), ...ofClients];
}

function keyOf(client: string | undefined, name: string): string {
  return JSON.stringify([client ?? null, name]);
}

function heldOf(composites: KeycloakRole['composites']): Held {
  return { realm: composites?.realm ?? [], client: composites?.client ?? {} };
}

/** An audience is a URI here; in Keycloak it is a client id, or nothing at all. */
function audienceFor(client: string | undefined, realm: string, { audiences }: MigrationChoices): string {
  const chosen = audiences.get(client ?? '');
  if (chosen !== undefined) return chosen;
  if (client !== undefined && /^[a-z][a-z0-9+.-]*:/i.test(client) && URL.canParse(client)) return client;
  const kind = client === undefined ? 'realm' : 'client';
  return `urn:keycloak:${kind}:${encodeURIComponent((client ?? realm).toWellFormed())}`;
}

function nameRoles(
  roles: readonly KeycloakRole[],
  client: string | undefined,
  notes: Notes,
): { role: KeycloakRole; name: string }[] {
  const taken = new Set<string>();
  const named: { role: KeycloakRole; name: string }[] = [];
  for (const role of roles) {
    if (client === undefined && isOwn(role.name)) continue;
    const name = role.name.toLowerCase();
    const label = client === undefined ? role.name : `${client}: ${role.name}`;
    if (!NAME.test(name) || taken.has(name) || taken.size >= ROLES_PER_API_MAX) {
      notes.add(
        {
          what: 'a role',
          why: `Names are 1 to 60 of a–z, 0–9 and . _ : -, each once, ${ROLES_PER_API_MAX} of an API at most.`,
          todo: 'Rename it in the export, or make another with guichet roles create and give it.',
        },
        label,
      );
      continue;
    }
    if (name !== role.name) {
      const why = 'Names of roles are lower case here.';
      notes.add(
        { what: 'how a role is written', why, todo: 'Have the APIs look for the lower-case name.' },
        label,
      );
    }
    taken.add(name);
    named.push({ role, name });
  }
  return named;
}

function isOwn(name: string): boolean {
  return OWN_ROLES.has(name) || name.startsWith('default-roles-');
}

/** Keycloak's own begin with ${, and stand for a translation. */
function describe({ name, description }: KeycloakRole): string {
  const text = description === undefined || description.startsWith('${') ? '' : description;
  return (
    text
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, DESCRIPTION_LENGTH_MAX) || name
  );
}

const LIFESPAN_SECONDS_MAX = 86_400;

function lifespan({ accessTokenLifespan: seconds }: KeycloakRealm): number | undefined {
  if (seconds === undefined || !Number.isInteger(seconds) || seconds < 1) return undefined;
  return Math.min(seconds, LIFESPAN_SECONDS_MAX);
}
