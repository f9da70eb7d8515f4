/** Pages of the pages of /account. */
// oxlint-disable-next-line typescript/no-empty-interface
export interface AccountPages {}
