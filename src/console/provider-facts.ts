import type { IdentityProviderDocument } from '../documents/identity-provider.ts';

export const KIND_WORDS: Readonly<Record<IdentityProviderDocument['kind'], string>> = {
  oidc: 'OpenID Connect',
  saml: 'SAML 2.0',
  ldap: 'Directory (LDAP)',
};

interface Fact {
  /** Of the member of the document. */
  readonly name: string;
  readonly label: string;
  readonly value: string;
}

/** What the other side has to be told. */
export function addressFacts(provider: IdentityProviderDocument): Fact[] {
  return facts([
    ['redirect_uri', 'Redirect URI', provider.redirect_uri],
    ['backchannel_logout_uri', 'Back-channel logout', provider.backchannel_logout_uri],
    ['metadata_url', 'Our metadata', provider.metadata_url],
    ['acs_url', 'Assertion consumer', provider.acs_url],
  ]);
}

/** How it is set up, without what is secret. Certificates are counted: nobody reads them. */
export function settingFacts(provider: IdentityProviderDocument): Fact[] {
  const settings = Object.entries(provider.settings).map(
    ([name, value]) => [name, labelOf(name), textOf(value)] as const,
  );
  const strangers = provider.provisioning === 'create' ? 'get an account' : 'connect an account they have';
  const verified = provider.trusts_email ? 'count as verified here' : 'are verified again';
  const claims = Object.entries(provider.mapping)
    .map(([ours, theirs]) => (ours === theirs ? ours : `${ours} from ${theirs}`))
    .join(', ');
  return facts([
    ...settings,
    ['has_secret', 'Secret', provider.has_secret ? 'kept sealed, never shown' : 'none'],
    ['domains', 'E-mail domains', provider.domains.join(' ')],
    ['has_button', 'Button on the sign-in page', provider.has_button ? 'yes' : 'no'],
    ['provisioning', 'Strangers', strangers],
    ['trusts_email', 'Its verified addresses', verified],
    ['trusts_mfa', 'Its second factor', provider.trusts_mfa ? 'counts here' : 'does not count here'],
    ['mapping', 'Claims', claims],
    ['groups_attribute', 'Groups are in', provider.groups_attribute ?? ''],
  ]);
}

function facts(rows: readonly (readonly [string, string, string | undefined])[]): Fact[] {
  return rows.flatMap(([name, label, value]) => (value ? [{ name, label, value }] : []));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'string') return '';
  return value.startsWith('-----BEGIN') ? '(a certificate)' : value;
}

/** `client_id` as it is; `start_tls` → `Start tls`. */
function labelOf(name: string): string {
  if (name === 'client_id') return name;
  const plain = name.replaceAll('_', ' ').replace('url', 'URL').replace('tls', 'TLS');
  return `${plain.slice(0, 1).toUpperCase()}${plain.slice(1)}`;
}
