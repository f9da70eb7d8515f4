import type { Change } from '../configuration/plan.ts';
import { splitRole } from '../configuration/normal-role.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import { ROLES_PER_API_MAX } from '../roles/rules.ts';
import { listRoles } from '../roles/store.ts';
import type { AdminContext } from './context.ts';
import { adminAudience } from './paths.ts';

/**
 * Scopes of the admin API that a plan gives or takes: those of roles, those that clients may ask for, those that groups elsewhere are
 * worth; before and after, because whoever changes what has them could act as it does.
 */
export async function adminScopesIn(
  { config, db }: Pick<AdminContext, 'config' | 'db'>,
  changes: readonly Change[],
): Promise<ReadonlySet<string>> {
  const audience = adminAudience(config);
  const roles = await listRoles(db.knex, { apiId: ADMIN_API_ID, limit: ROLES_PER_API_MAX });
  const carried = new Map(roles.map(({ name, scopes }) => [name, scopes]));
  const ofGroup = (key: string): readonly string[] => {
    const { api, role } = splitRole(key);
    return api === audience ? (carried.get(role) ?? []) : [];
  };
  const documents = changes.flatMap(({ before, after }) => [before, after]).filter((each) => each !== null);
  return new Set(
    documents.flatMap((document) => {
      if ('client_id' in document) return document.apis[audience] ?? [];
      if ('api' in document) return document.api === audience ? document.scopes : [];
      return 'groups' in document ? Object.values(document.groups).flat().flatMap(ofGroup) : [];
    }),
  );
}
