/** The addresses of ours that an operator registers at a provider. */

export function callbackUri(issuer: string, slug: string): string {
  return `${issuer}/upstream/${slug}/callback`;
}

export function backChannelLogoutUri(issuer: string, slug: string): string {
  return `${issuer}/upstream/${slug}/backchannel-logout`;
}
