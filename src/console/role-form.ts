import type { z } from 'zod';

import type { CarriedScope } from '../../views/locals/console-access.ts';
import type { newRoleDocument } from '../documents/role.ts';
import type { ApiScope } from '../resources/api.ts';
import { command } from './equivalents.ts';
import { filled } from './form.ts';

type NewRole = z.input<typeof newRoleDocument>;

/** Names of the boxes to tick: `scope:orders:read`. */
const SCOPE_FIELD = 'scope:';

/** What the form of a role says, but for its API. Whether it will do is for the operation to say. */
export function roleSettings(fields: Readonly<Record<string, string>>): Omit<NewRole, 'api'> {
  return {
    name: filled(fields['name']) ?? '',
    description: filled(fields['description']) ?? '',
    scopes: Object.keys(fields)
      .filter((name) => name.startsWith(SCOPE_FIELD))
      .map((name) => name.slice(SCOPE_FIELD.length)),
  };
}

export function newRoleCommand({ api, name, description, scopes }: NewRole): string {
  return command(
    `roles create ${name}`,
    ['--api', api],
    ['--scope', scopes],
    ['--description', description === '' ? undefined : description],
  );
}

/** `before` is the name that it had. */
export function roleCommand(
  before: string,
  { api, name, description, scopes }: Omit<NewRole, 'api'> & { readonly api: string },
): string {
  return command(
    `roles update ${before}`,
    ['--api', api],
    ['--name', name === before ? undefined : name],
    ['--description', description],
    scopes.length === 0 ? '--no-scopes' : ['--scope', scopes],
  );
}

/** The boxes to tick: the scopes of the API, and which of them the role carries. */
export function carriedScopes(
  { scopes }: { readonly scopes: readonly ApiScope[] },
  carried: readonly string[],
): CarriedScope[] {
  return scopes.map(({ name, description }) => ({ name, description, isCarried: carried.includes(name) }));
}
