import type { z } from 'zod';

import type { clientChangesDocument, ClientDocument } from '../documents/client.ts';
import { command } from './equivalents.ts';
import { filled, lines } from './form.ts';

export type ClientChanges = z.input<typeof clientChangesDocument>;
type Fields = Readonly<Record<string, string>>;

/** The fields of the form, with what they are called on it. */
export const CLIENT_LABELS = {
  client_name: 'Name',
  redirect_uris: 'Redirect URIs',
  post_logout_redirect_uris: 'After signing out',
  backchannel_logout_uri: 'Back-channel logout',
  default_api: 'Default API',
  requirement: 'Sign-in',
  scope: 'OpenID scopes',
  jwks_uri: 'Address of its keys',
  client_uri: 'Home page',
  policy_uri: 'Privacy policy',
  tos_uri: 'Terms of service',
  first_party: 'First party',
  dpop_bound_access_tokens: 'DPoP',
  require_pushed_authorization_requests: 'Pushed requests',
} as const;

const LISTS = ['redirect_uris', 'post_logout_redirect_uris'] as const;
const TEXTS = [
  'client_name',
  'backchannel_logout_uri',
  'scope',
  'jwks_uri',
  'client_uri',
  'policy_uri',
  'tos_uri',
] as const;
const SWITCHES = ['dpop_bound_access_tokens', 'require_pushed_authorization_requests'] as const;

/** Members that the command line has options for; the rest is a document on standard input. */
const OPTIONS: Readonly<Record<string, string>> = {
  client_name: '--name',
  redirect_uris: '--redirect-uri',
  post_logout_redirect_uris: '--post-logout-redirect-uri',
  backchannel_logout_uri: '--backchannel-logout-uri',
  jwks_uri: '--jwks-uri',
};

/** RFC 7396: what the form shows replaces what is stored, an empty field takes its member away. */
export function clientChanges(fields: Fields): ClientChanges {
  const present = (name: string) => Object.hasOwn(fields, name);
  const texts = TEXTS.filter(present).map((name) => [name, filled(fields[name]) ?? null]);
  const lists = LISTS.filter(present).map((name) => [name, lines(fields[name])]);
  const switches = SWITCHES.map((name) => [name, fields[name] === 'on']);
  return {
    ...(Object.fromEntries([...texts, ...lists, ...switches]) as ClientChanges),
    default_api: filled(fields['default_api']) ?? null,
    first_party: fields['first_party'] === 'on',
    // Whatever else it may say, the operation refuses.
    requirement: (fields['requirement'] ?? 'any') as ClientChanges['requirement'],
  };
}

/** The line that makes the same of what was stored; without any difference, the one for its name. */
export function clientCommand(before: ClientDocument, changes: ClientChanges): string {
  const stored = new Map<string, unknown>(Object.entries(before));
  const changed = [...LISTS, ...TEXTS, ...SWITCHES]
    .map((name) => ({ name, value: changes[name] }))
    .filter(({ name, value }) => value !== undefined && !isSame(value, stored.get(name)));
  const options = changed.flatMap(({ name, value }) => {
    const option = OPTIONS[name];
    if (value === null || (Array.isArray(value) && value.length === 0)) return [['--unset', name] as const];
    return option === undefined ? [] : [[option, value as string | string[]] as const];
  });
  const rest = changed.filter(({ name, value }) => value !== null && OPTIONS[name] === undefined);
  const document = JSON.stringify(Object.fromEntries(rest.map(({ name, value }) => [name, value])));
  const words = [
    ...options,
    ...(changes.requirement === before.requirement ? [] : [['--require', changes.requirement] as const]),
    ...defaultApiWords(before, changes),
    ...firstPartyWords(before, changes),
    ...(rest.length === 0 ? [] : ['--stdin']),
  ];
  const line = command(
    `clients update ${before.client_id}`,
    ...(words.length === 0 ? [['--name', before.client_name ?? before.client_id] as const] : words),
  );
  return rest.length === 0 ? line : `${line} <<< '${document.replaceAll("'", "'\\''")}'`;
}

function defaultApiWords({ default_api: before }: ClientDocument, { default_api: api }: ClientChanges) {
  if ((api ?? null) === (before ?? null)) return [];
  return [api ? (['--default-api', api] as const) : '--no-default-api'];
}

function firstPartyWords({ first_party: before }: ClientDocument, { first_party: ours }: ClientChanges) {
  if (Boolean(ours) === before) return [];
  return [ours ? '--first-party' : '--no-first-party'];
}

function isSame(value: unknown, stored: unknown): boolean {
  return JSON.stringify(said(value)) === JSON.stringify(said(stored));
}

/** What was never said is as good as empty. */
function said(value: unknown): unknown {
  const isEmpty = value === undefined || value === false || (Array.isArray(value) && value.length === 0);
  return isEmpty ? null : value;
}

export function clientValues(document: ClientDocument): Record<keyof typeof CLIENT_LABELS, string> {
  const text = (name: keyof ClientDocument) => {
    const value = document[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    client_name: text('client_name'),
    redirect_uris: (document.redirect_uris ?? []).join('\n'),
    post_logout_redirect_uris: (document.post_logout_redirect_uris ?? []).join('\n'),
    backchannel_logout_uri: text('backchannel_logout_uri'),
    default_api: document.default_api ?? '',
    requirement: document.requirement,
    scope: text('scope'),
    jwks_uri: text('jwks_uri'),
    client_uri: text('client_uri'),
    policy_uri: text('policy_uri'),
    tos_uri: text('tos_uri'),
    first_party: isOn(document.first_party),
    dpop_bound_access_tokens: isOn(document.dpop_bound_access_tokens),
    require_pushed_authorization_requests: isOn(document.require_pushed_authorization_requests),
  };
}

function isOn(value: boolean | undefined): string {
  return value ? 'on' : '';
}

/** What of a document is configured, and not a fact that the server adds. */
export function configuredClient(document: ClientDocument): Record<string, unknown> {
  const facts = new Set([
    'client_id_issued_at',
    'origin',
    'secrets',
    'brand',
    'disabled_at',
    'created_at',
    'updated_at',
    'client_secret',
    'client_secret_expires_at',
  ]);
  const members = Object.entries(document).filter(([name, value]) => !facts.has(name) && value !== null);
  return Object.fromEntries(members);
}
