/** Pages of signing in with somebody else’s identity provider. */
// oxlint-disable-next-line typescript/no-empty-interface
export interface UpstreamPages {}
