import type { IdentityProviderOf } from './identity-provider.ts';
import { oidcProtocol } from './oidc.ts';
import { samlProtocol } from './saml.ts';
import type { RedirectProtocol } from './protocol.ts';
import type { Kind } from './settings.ts';

/** How each kind of provider is asked. undefined: not by sending the browser there, but with the password form of ours. */
const PROTOCOLS: { readonly [K in Kind]: RedirectProtocol<K> | undefined } = {
  oidc: oidcProtocol,
  saml: samlProtocol,
  ldap: undefined,
};

export function protocolOf<K extends Kind>({
  kind,
}: Pick<IdentityProviderOf<K>, 'kind'>): RedirectProtocol<K> | undefined {
  return PROTOCOLS[kind];
}
