import { listApis } from '../resources/store.ts';
import { listRoles } from '../roles/store.ts';
import type { ConsoleContext } from './context.ts';

/** Whoever has more of them gives them from the command line. */
const ROLES_MAX = 200;

/** To choose one of, by API and name. */
export async function roleChoices({
  db,
}: Pick<ConsoleContext, 'db'>): Promise<{ id: string; label: string }[]> {
  const audiences = new Map((await listApis(db.knex)).map(({ id, audience }) => [id, audience]));
  const found = await listRoles(db.knex, { limit: ROLES_MAX });
  return found
    .map(({ id, name, apiId }) => ({ id, name, audience: audiences.get(apiId) ?? '' }))
    .sort((one, other) => compare(one.audience, other.audience) || compare(one.name, other.name))
    .map(({ id, name, audience }) => ({ id, label: `${name} (${audience})` }));
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, 'en');
}
