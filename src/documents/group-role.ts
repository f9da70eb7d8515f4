import { z } from 'zod';

import type { NamedGroupRole } from '../roles/group-store.ts';
import { identifier, text } from './document.ts';

/** A role that whoever is in a group at an identity provider has, from their next sign-in on. */
export const groupRoleDocument = z.strictObject({
  group: z.string().describe('As the provider writes it; of a directory, its name (DN)'),
  role_id: identifier,
  role: z.string(),
  api: z.string().describe('Audience of the API that the role is of'),
});

export const newGroupRoleDocument = z.strictObject({ group: text, role_id: identifier });

export function groupRoleToJson({
  group,
  roleId,
  role,
  audience,
}: NamedGroupRole): z.output<typeof groupRoleDocument> {
  return { group, role_id: roleId, role, api: audience };
}
