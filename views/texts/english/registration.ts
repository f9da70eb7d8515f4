/** Joining, confirming an address, a forgotten password. */
export const registration = {};
