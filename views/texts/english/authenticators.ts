/** Passkeys, one-time codes, recovery codes. */
export const authenticators = {};
