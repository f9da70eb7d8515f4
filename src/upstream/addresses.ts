/** The addresses of ours that an operator registers at a provider. */

export function callbackUri(issuer: string, slug: string): string {
  return `${issuer}/upstream/${slug}/callback`;
}

export function backChannelLogoutUri(issuer: string, slug: string): string {
  return `${issuer}/upstream/${slug}/backchannel-logout`;
}

/** Ours as a service provider of SAML: the address of its metadata, as SAML Metadata §4.1 suggests. */
export function entityIdOf(issuer: string, slug: string): string {
  return `${issuer}/upstream/${slug}/metadata`;
}

/** Where SAML responses are posted: the assertion consumer service. */
export function acsUri(issuer: string, slug: string): string {
  return `${issuer}/upstream/${slug}/acs`;
}
