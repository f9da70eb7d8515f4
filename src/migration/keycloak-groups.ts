import { z } from 'zod';

import type { Held } from './keycloak-roles.ts';

const group = z.object({
  name: z.string().max(255),
  realmRoles: z.array(z.string()).nullish(),
  clientRoles: z.record(z.string(), z.array(z.string())).nullish(),
  subGroups: z.array(z.unknown()).nullish(),
});

const GROUPS_MAX = 50_000;
/** Deeper than any company. */
const DEPTH_MAX = 20;

/** What members have by their group, by its path; a group has what those around it have. What is no group is passed over. */
export function groupRoles(groups: readonly unknown[]): ReadonlyMap<string, readonly Held[]> {
  const found = new Map<string, readonly Held[]>();
  const queue: { given: unknown; path: string; around: readonly Held[] }[] = groups.map((given) => ({
    given,
    path: '',
    around: [],
  }));
  for (let next = queue.pop(); next !== undefined && found.size < GROUPS_MAX; next = queue.pop()) {
    const read = group.safeParse(next.given);
    if (!read.success || next.around.length >= DEPTH_MAX) continue;
    const { name, realmRoles, clientRoles, subGroups } = read.data;
    const path = `${next.path}/${name}`;
    const around = [...next.around, { realm: realmRoles ?? [], client: clientRoles ?? {} }];
    found.set(path, around);
    for (const given of subGroups ?? []) queue.push({ given, path, around });
  }
  return found;
}
