import type { z } from 'zod';

import type { ApiDocument, newApiDocument } from '../documents/api.ts';
import { httpError } from '../http/errors.ts';
import { command } from './equivalents.ts';
import { filled, lines } from './form.ts';

export type NewApiBody = z.input<typeof newApiDocument>;
type Scope = NonNullable<NewApiBody['scopes']>[number];

/** One scope a line, its name first and what it allows, in words, behind it; without words, its name has to do. */
export function scopesOf(text: string | undefined): Scope[] {
  return lines(text).map((line) => {
    const [name = '', ...description] = line.split(/\s+/);
    return { name, description: description.join(' ') || name };
  });
}

export function scopesText(scopes: readonly Scope[]): string {
  return scopes.map(({ name, description }) => `${name} ${description}`.trim()).join('\n');
}

/** What a form says of an API, but for its audience. Whether it will do is for the operation to say. */
export function settingsOf(fields: Readonly<Record<string, string>>): Omit<NewApiBody, 'audience'> {
  const ttl = filled(fields['token_ttl_seconds']);
  return {
    name: filled(fields['name']) ?? '',
    scopes: scopesOf(fields['scopes']),
    ...(ttl === undefined ? {} : { token_ttl_seconds: toSeconds(ttl) }),
    signing_alg: (fields['signing_alg'] ?? 'ES256') as NewApiBody['signing_alg'],
    requirement: (fields['requirement'] ?? 'any') as NewApiBody['requirement'],
    enforces_roles: fields['enforces_roles'] === 'on',
  };
}

export function newApiBody(fields: Readonly<Record<string, string>>): NewApiBody {
  return { audience: filled(fields['audience']) ?? '', ...settingsOf(fields) };
}

export function newApiCommand(body: NewApiBody): string {
  return command('apis create', ['--audience', body.audience], ...settingsWords(body));
}

function settingsWords(body: Omit<NewApiBody, 'audience'>) {
  const ttl = body.token_ttl_seconds;
  return [
    ['--name', body.name],
    ['--scope', (body.scopes ?? []).map(({ name, description }) => `${name}=${description}`)],
    ['--ttl', ttl === undefined ? undefined : String(ttl)],
    ['--alg', body.signing_alg],
    ['--require', body.requirement === 'any' ? undefined : body.requirement],
    ...(body.enforces_roles ? (['--enforce-roles'] as const) : []),
  ] as const;
}

/** What differs from what was stored; without any difference, the line for its name. */
export function apiCommand(before: ApiDocument, after: ApiDocument): string {
  const told = new Map(before.scopes.map(({ name, description }) => [name, description]));
  const scopes = after.scopes.filter(({ name, description }) => told.get(name) !== description);
  const kept = new Set(after.scopes.map(({ name }) => name));
  const removed = before.scopes.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
  const changed = (name: 'name' | 'signing_alg' | 'requirement' | 'token_ttl_seconds') =>
    before[name] === after[name] ? undefined : String(after[name]);
  const words = [
    ['--name', changed('name')],
    ['--scope', scopes.map(({ name, description }) => `${name}=${description}`)],
    ['--remove-scope', removed],
    ['--ttl', changed('token_ttl_seconds')],
    ['--alg', changed('signing_alg')],
    ['--require', changed('requirement')],
  ] as const;
  const roles = after.enforces_roles ? '--enforce-roles' : '--no-enforce-roles';
  const isSame =
    before.enforces_roles === after.enforces_roles &&
    words.every(([, value]) => value === undefined || value.length === 0);
  return command(
    `apis update ${after.audience}`,
    ...(isSame ? [['--name', after.name] as const] : words),
    ...(before.enforces_roles === after.enforces_roles ? [] : [roles]),
  );
}

function toSeconds(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw httpError('invalid_request', 'How long its tokens live is a whole number of seconds.');
}
