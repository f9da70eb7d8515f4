/** The pages of /account. */
export const account = {};
