/** Signing in with somebody else’s identity provider. */
export const upstream = {};
