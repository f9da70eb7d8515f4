import { checkDescription, checkRoleName } from '../roles/rules.ts';
import type { Role } from '../roles/role.ts';
import { asSet, type Json } from './configuration.ts';
import type { Given } from './document.ts';
import { checked, type Path, type Problem } from './problem.ts';

export type RoleNormal = Readonly<{
  /** Audience of its API. */
  api: string;
  name: string;
  description: string;
  scopes: readonly string[];
}>;

/** Audiences have no space. */
export function roleKey({ api, name }: { readonly api: string; readonly name: string }): string {
  return `${api} ${name}`;
}

export function splitRole(key: string): { api: string; role: string } {
  const space = key.lastIndexOf(' ');
  return { api: key.slice(0, space), role: key.slice(space + 1) };
}

export function normalizeRole(given: Given<'roles'>, path: Path, problems: Problem[]): RoleNormal {
  const { api, name, description = '', scopes } = given;
  checked(problems, [...path, 'name'], () => checkRoleName(name));
  checked(problems, [...path, 'description'], () => checkDescription(description));
  return { api, name, description, scopes: asSet(scopes) };
}

export function normalOfRole(role: Role, api: string): RoleNormal {
  return { api, name: role.name, description: role.description, scopes: asSet(role.scopes) };
}

export function roleToFile({ api, name, description, scopes }: RoleNormal): Readonly<Record<string, Json>> {
  return { api, name, ...(description !== '' && { description }), scopes: [...scopes] };
}
