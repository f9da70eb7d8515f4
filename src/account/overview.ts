import type { AccountPage } from './context.ts';
import { showAccountPage } from './show-account-page.ts';

/** Where people arrive: who they are here. */
export const overview: AccountPage = {
  async get(context, visit) {
    const { email, emailVerified, username } = visit.account;
    showAccountPage(context, visit, 'account-overview', 'overview', {
      email: email ?? undefined,
      emailVerified,
      username: username ?? undefined,
    });
  },
};
