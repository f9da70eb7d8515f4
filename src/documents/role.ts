import { z } from 'zod';

import type { GivenRole } from '../roles/assignment-store.ts';
import type { Role, RoleAssignment } from '../roles/role.ts';
import { identifier, instant, text, toInstant } from './document.ts';

const SCOPES_MAX = 1000;

const scopes = z.array(text).max(SCOPES_MAX).describe('Of the API');

export const roleDocument = z.strictObject({
  id: identifier,
  api: z.string().nullable().describe('Audience of the API it belongs to'),
  name: z.string(),
  description: z.string(),
  scopes: z.array(z.string()),
  built_in: z.boolean(),
  created_at: instant,
  updated_at: instant,
});

export const newRoleDocument = z.strictObject({
  api: text.describe('Audience of an API that is registered'),
  name: text.describe('a-z 0-9 . _ : -'),
  description: text.optional(),
  scopes,
});

/** `scopes` replaces them all; tokens that carry one that is lost die. */
export const roleChangesDocument = newRoleDocument.omit({ api: true }).partial();

/** Who has a role, and whose word that is. */
export const assignmentDocument = z.strictObject({
  account_id: identifier.optional(),
  client_id: identifier.optional(),
  source: z.string().describe('`operator`, or the identity provider whose group gave it'),
  given_at: instant,
  given_by: z.string(),
});

/** What somebody has, in the document of a person or a client. */
export const givenRoleDocument = z.strictObject({
  api: z.string(),
  name: z.string(),
  source: z.string(),
  given_at: instant,
});

export function roleToJson(role: Role, audience: string | null): z.output<typeof roleDocument> {
  return {
    id: role.id,
    api: audience,
    name: role.name,
    description: role.description,
    scopes: [...role.scopes],
    built_in: role.builtIn,
    created_at: toInstant(role.createdAt),
    updated_at: toInstant(role.updatedAt),
  };
}

export function assignmentToJson({
  subject,
  source,
  givenAt,
  givenBy,
}: RoleAssignment): z.output<typeof assignmentDocument> {
  return {
    ...('accountId' in subject ? { account_id: subject.accountId } : { client_id: subject.clientId }),
    source,
    given_at: toInstant(givenAt),
    given_by: givenBy,
  };
}

export function givenRoleToJson({
  audience,
  name,
  source,
  givenAt,
}: GivenRole): z.output<typeof givenRoleDocument> {
  return { api: audience, name, source, given_at: toInstant(givenAt) };
}
