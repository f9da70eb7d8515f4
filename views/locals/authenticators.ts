/** Pages of passkeys, one-time codes, recovery codes. */
// oxlint-disable-next-line typescript/no-empty-interface
export interface AuthenticatorPages {}
