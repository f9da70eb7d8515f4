/** What can be looked at and changed, each with a scope of its own (RFC 6749 §3.3). */
export const NOUNS = {
  clients: 'Client applications',
  apis: 'APIs and their scopes',
  users: 'People',
  roles: 'Roles, and who has them',
  sessions: 'Sessions of people',
  grants: 'What people allowed applications',
  tokens: 'The ledger of access tokens',
  keys: 'Signing keys',
  'identity-providers': 'Identity providers',
  policies: 'Trusted issuers and registration tokens',
  audit: 'The audit log, explanations and reports',
  blocks: 'Blocked addresses',
  webhooks: 'Receivers of the audit log',
  settings: 'Settings and configuration files',
} as const;

export type Noun = keyof typeof NOUNS;
export type AdminScope = `admin:${Noun}:${'read' | 'write'}`;

const names = Object.keys(NOUNS) as Noun[];

/** Every scope of the admin API, with the words for whoever is asked for consent. */
export const ADMIN_SCOPES: readonly { readonly name: AdminScope; readonly description: string }[] =
  names.flatMap((noun) => [
    { name: `admin:${noun}:read`, description: `${NOUNS[noun]}: look` } as const,
    { name: `admin:${noun}:write`, description: `${NOUNS[noun]}: change` } as const,
  ]);

export function isAdminScope(scope: string): scope is AdminScope {
  return ADMIN_SCOPES.some(({ name }) => name === scope);
}
