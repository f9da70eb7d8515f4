import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import type { Role } from './role.ts';

const NAME = /^[a-z0-9._:-]{1,60}$/;
const DESCRIPTION_LENGTH_MAX = 200;

/** All of them may stand in one token, which has to fit into a header. */
export const ROLES_PER_API_MAX = 100;

/** Throws `invalid_role_name`. */
export function checkRoleName(name: string): string {
  if (NAME.test(name)) return name;
  const rule =
    'The name of a role is 1 to 60 lower-case letters, digits, dots, underscores, colons and hyphens.';
  throw new AppError('invalid_role_name', rule, { status: 400 });
}

/** May be empty. Throws `invalid_role_description`. */
export function checkDescription(description: string): string {
  const isText =
    description.length <= DESCRIPTION_LENGTH_MAX && isStorable(description) && !/\p{Cc}/u.test(description);
  if (isText) return description;
  const rule = `The description of a role is at most ${DESCRIPTION_LENGTH_MAX} characters without control characters.`;
  throw new AppError('invalid_role_description', rule, { status: 400 });
}

/** Sorted, each once. Throws `invalid_scope`. */
export function checkRoleScopes(scopes: readonly string[], known: readonly string[]): string[] {
  const unknown = scopes.filter((scope) => !known.includes(scope));
  if (unknown.length > 0) {
    const has = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
    throw new AppError('invalid_scope', `The API has no scope ${unknown.join(', ')}: ${has}.`, {
      status: 400,
    });
  }
  return [...new Set(scopes)].sort();
}

/**
 * Nobody comes to more than they have: neither gives it, nor touches what has it. `allowed`: the scopes of whoever acts, where it is
 * about an API that rules over this server; undefined: no such bound. Throws `beyond_own_scopes` (403); a scope that the operation
 * itself takes is another matter (`insufficient_scope`, RFC 6750 §3.1).
 */
export function refuseBeyond(scopes: readonly string[], allowed: ReadonlySet<string> | undefined): void {
  const beyond = allowed ? scopes.filter((scope) => !allowed.has(scope)) : [];
  if (beyond.length === 0) return;
  const message = `You cannot give or touch what you do not have yourself: ${beyond.join(' ')}.`;
  throw new AppError('beyond_own_scopes', message, { status: 403 });
}

/** Throws `role_built_in` (409). */
export function refuseBuiltInRole(role: Pick<Role, 'builtIn'>): void {
  if (!role.builtIn) return;
  throw new AppError('role_built_in', 'This role is a part of the server and cannot be changed.', {
    status: 409,
  });
}
