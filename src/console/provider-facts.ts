import type { IdentityProviderDocument } from '../documents/identity-provider.ts';

export const KIND_WORDS: Readonly<Record<IdentityProviderDocument['kind'], string>> = {
  oidc: 'OpenID Connect',
  saml: 'SAML 2.0',
  ldap: 'Directory (LDAP)',
};

interface Fact {
  readonly label: string;
  readonly value: string;
}

/** What the other side has to be told. */
export function addressFacts(provider: IdentityProviderDocument): Fact[] {
  return facts([
    ['Redirect URI', provider.redirect_uri],
    ['Back-channel logout', provider.backchannel_logout_uri],
    ['Our metadata', provider.metadata_url],
    ['Assertion consumer', provider.acs_url],
  ]);
}

/** How it is set up, without what is secret. Certificates are counted: nobody reads them. */
export function settingFacts(provider: IdentityProviderDocument): Fact[] {
  const settings = Object.entries(provider.settings).map(
    ([name, value]) => [labelOf(name), textOf(value)] as const,
  );
  return facts([
    ...settings,
    ['Secret', provider.has_secret ? 'kept sealed, never shown' : 'none'],
    ['E-mail domains', provider.domains.join(' ')],
    ['Button on the sign-in page', provider.has_button ? 'yes' : 'no'],
    ['Strangers', provider.provisioning === 'create' ? 'get an account' : 'connect an account they have'],
    ['Its verified addresses', provider.trusts_email ? 'count as verified here' : 'are verified again'],
    ['Its second factor', provider.trusts_mfa ? 'counts here' : 'does not count here'],
    [
      'Claims',
      Object.entries(provider.mapping)
        .map(([ours, theirs]) => (ours === theirs ? ours : `${ours} from ${theirs}`))
        .join(', '),
    ],
    ['Groups are in', provider.groups_attribute ?? ''],
  ]);
}

function facts(pairs: readonly (readonly [string, string | undefined])[]): Fact[] {
  return pairs.flatMap(([label, value]) => (value ? [{ label, value }] : []));
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
