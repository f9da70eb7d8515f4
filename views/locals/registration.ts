/** Pages of joining, confirming an address, a forgotten password. */
// oxlint-disable-next-line typescript/no-empty-interface
export interface RegistrationPages {}
