import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Requirement } from '../config/requirement.ts';
import type { Database } from '../db/database.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import { findApi, notifyApi, saveBuiltInApi, saveScopes } from '../resources/store.ts';
import { ensureBuiltInRole } from '../roles/built-in.ts';
import { ROLES_PER_API_MAX } from '../roles/rules.ts';
import { listRoles } from '../roles/store.ts';
import { adminAudience } from './paths.ts';
import { ADMIN_SCOPES, type AdminScope } from './scopes.ts';

/** Ten minutes: whoever holds such a token can do much. */
const TOKEN_TTL_SECONDS = 600;

/** NIST SP 800-63B-4 AAL2, as for the console: of a person, a password alone must not be worth every change there is. */
const REQUIREMENT: Requirement = 'mfa';

/** With these one can come to more than one has: by a role, by another's identity, by a key, by the whole configuration. */
const BEYOND_OPERATORS: ReadonlySet<AdminScope> = new Set<AdminScope>([
  'admin:roles:write',
  'admin:settings:write',
  'admin:keys:write',
  'admin:identity-providers:write',
]);

const all = ADMIN_SCOPES.map(({ name }) => name);

export const ADMIN_ROLES = {
  owner: { description: 'Everything, and who else may do what', scopes: all },
  operator: {
    description: 'Everything but roles, keys, identity providers and settings',
    scopes: all.filter((scope) => !BEYOND_OPERATORS.has(scope)),
  },
  auditor: {
    description: 'Sees everything, changes nothing',
    scopes: all.filter((scope) => scope.endsWith(':read')),
  },
} as const satisfies Record<string, { description: string; scopes: readonly AdminScope[] }>;

/**
 * Makes the API and its roles, or brings them up to date with the issuer and this version. Cheap when nothing has changed. Scopes
 * are never taken away: a newer version may be serving beside this one.
 */
export async function ensureAdminApi({
  db,
  clock,
  config,
}: {
  db: Database;
  clock: Clock;
  config: Pick<Config, 'issuer'>;
}): Promise<void> {
  const audience = adminAudience(config);
  if (await isCurrent(db, audience)) return;
  await db.transaction(async (tx) => {
    const now = clock.now();
    const row = {
      id: ADMIN_API_ID,
      audience,
      name: 'Guichet administration',
      tokenTtlSeconds: TOKEN_TTL_SECONDS,
      requirement: REQUIREMENT,
    };
    await saveBuiltInApi(tx, row, now);
    await saveScopes(tx, ADMIN_API_ID, ADMIN_SCOPES);
    for (const [name, { description, scopes }] of Object.entries(ADMIN_ROLES)) {
      await ensureBuiltInRole(tx, { apiId: ADMIN_API_ID, name, description, scopes }, now);
    }
    await notifyApi(tx, ADMIN_API_ID);
  });
}

async function isCurrent({ knex }: Database, audience: string): Promise<boolean> {
  const api = await findApi(knex, ADMIN_API_ID);
  if (api?.audience !== audience || api.requirement !== REQUIREMENT) return false;
  if (!all.every((scope) => api.scopes.some(({ name }) => name === scope))) return false;
  const roles = await listRoles(knex, { apiId: ADMIN_API_ID, limit: ROLES_PER_API_MAX });
  return Object.entries(ADMIN_ROLES).every(([name, { description, scopes }]) => {
    const role = roles.find((known) => known.name === name);
    return role?.description === description && role.scopes.join(' ') === scopes.toSorted().join(' ');
  });
}
