import type { account as english } from '../english/account.ts';

export const account: typeof english = {};
