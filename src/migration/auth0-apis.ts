import { ROLES_PER_API_MAX } from '../roles/rules.ts';
import type { Auth0Tenant } from './auth0-documents.ts';
import type { ForeignApi, ForeignRole, MigrationChoices, RoleName } from './migration.ts';
import type { Notes } from './notes.ts';

export interface Auth0Apis {
  readonly apis: readonly ForeignApi[];
  readonly roles: readonly ForeignRole[];
  /** What a person has, by `user_id`. */
  readonly rolesOf: ReadonlyMap<string, readonly RoleName[]>;
  audienceOf(identifier: string): string | undefined;
}

const TTL_SECONDS_MAX = 86_400;
const TEXT_LENGTH_MAX = 200;
const ALGS = new Set(['RS256', 'ES256']);

/** Resource servers are APIs; a role whose permissions are of several becomes one at each. */
export function mapApis(tenant: Auth0Tenant, { audiences }: MigrationChoices, notes: Notes): Auth0Apis {
  const byIdentifier = new Map<string, string>();
  const apis: ForeignApi[] = [];
  for (const server of tenant.resource_servers) {
    // The Management API of the tenant itself.
    if (server.is_system === true) continue;
    const { identifier, name, scopes = [], signing_alg: alg = 'RS256', token_lifetime: ttl } = server;
    const audience = audiences.get(identifier) ?? identifier;
    if (!URL.canParse(audience)) {
      const todo = 'Import again with --audience IDENTIFIER=URI, and have the API expect it.';
      notes.add({ what: 'an API', why: 'An audience is a URI here (RFC 8707).', todo }, identifier);
      continue;
    }
    if (!ALGS.has(alg)) {
      const todo = 'Have the API verify with /jwks; see docs/apis.md.';
      notes.add({ what: 'how tokens of an API are signed', why: 'It is ES256 instead.', todo }, identifier);
    }
    if (ttl !== undefined && ttl > TTL_SECONDS_MAX) {
      const why = 'Access tokens live for a day at most.';
      notes.add(
        { what: 'the token lifetime of an API', why, todo: 'Refresh tokens keep people signed in.' },
        identifier,
      );
    }
    byIdentifier.set(identifier, audience);
    apis.push({
      audience,
      name: textOf(name) || identifier.slice(0, TEXT_LENGTH_MAX),
      scopes: scopes.map(({ value, description }) => ({
        name: value,
        description: textOf(description) || value,
      })),
      tokenTtlSeconds:
        ttl === undefined ? undefined : Math.min(Math.max(Math.trunc(ttl), 1), TTL_SECONDS_MAX),
      signingAlg: ALGS.has(alg) ? alg : 'ES256',
      enforcesRoles: server.enforce_policies === true,
    });
  }
  const audienceOf = (identifier: string) => byIdentifier.get(identifier);
  return { apis, audienceOf, ...mapRoles(tenant, audienceOf, notes) };
}

function mapRoles(
  tenant: Auth0Tenant,
  audienceOf: (identifier: string) => string | undefined,
  notes: Notes,
): Pick<Auth0Apis, 'roles' | 'rolesOf'> {
  const roles: ForeignRole[] = [];
  const rolesOf = new Map<string, RoleName[]>();
  const taken = new Set<string>();
  for (const { name, description, permissions = [], users = [] } of tenant.roles) {
    const role = name
      .toLowerCase()
      .trim()
      .replaceAll(/[^a-z0-9._:-]+/g, '-')
      .slice(0, 60);
    const byApi = Map.groupBy(permissions, (one) => audienceOf(one.resource_server_identifier));
    byApi.delete(undefined);
    if (role === '' || taken.has(role) || byApi.size === 0 || taken.size >= ROLES_PER_API_MAX) {
      const why = 'It has no permission for an API that was taken over, or another has its name.';
      notes.add(
        { what: 'a role', why, todo: 'guichet roles create NAME --api AUDIENCE --scope SCOPE.' },
        name,
      );
      continue;
    }
    taken.add(role);
    if (role !== name) {
      const why = 'Names of roles are of a–z, 0–9 and . _ : - here.';
      notes.add(
        { what: 'how a role is written', why, todo: 'Have the APIs look for the new name.' },
        `${name}: ${role}`,
      );
    }
    for (const [api = '', of] of byApi) {
      const scopes = [...new Set(of.map((one) => one.permission_name))];
      roles.push({ api, role, description: textOf(description), scopes });
      for (const { user_id: id } of users) rolesOf.set(id, [...(rolesOf.get(id) ?? []), { api, role }]);
    }
  }
  return { roles, rolesOf };
}

function textOf(text: string | undefined): string {
  return (text ?? '')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, TEXT_LENGTH_MAX);
}
