import { withdrawConsent } from '../revocation/withdraw-consent.ts';
import { listAccess, type ClientAccess } from '../revocation/list-access.ts';
import type { AccountPages as Views } from '../../views/locals/account.ts';
import { httpError } from '../http/errors.ts';
import { displayName } from '../interactions/present.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { clientNames } from './client-names.ts';
import { handOf } from './hand.ts';
import { leaveNotice } from './notice.ts';
import { showAccountPage } from './show-account-page.ts';

type App = Views['account-apps']['apps'][number];

/** ASVS 5.0 V10.7.3, V10.4.9: what apps may do in somebody's name, and the end of it. */
export const apps: AccountPage = {
  async get(context, visit) {
    const all = await listAccess(context.db.knex, { accountId: visit.account.id, now: context.clock.now() });
    const shown: App[] = [];
    for (const access of all) shown.push(await present(context, access));
    showAccountPage(context, visit, 'account-apps', 'apps', { apps: shown });
  },
  actions: { withdraw: { run: withdraw, hasItem: true } },
};

/** It protects, so nobody is asked to sign in again for it. */
async function withdraw(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, item = '' } = visit;
  const ended = { accountId: account.id, clientId: item };
  const revoked = await withdrawConsent(context, ended, handOf(visit));
  if (!revoked) throw httpError('not_found', 'This app has no access to your account.');
  const [client = item] = await clientNames(context, [item]);
  leaveNotice(ctx, { kind: 'accessWithdrawn', client, tokens: revoked.tokens });
  return seeOther(ctx, '/account/apps');
}

async function present(context: AccountContext, access: ClientAccess): Promise<App> {
  const client = await context.clients.find(access.clientId);
  const name = client?.metadata['client_name'];
  const apis: App['apis'][number][] = [];
  for (const [audience, names] of Object.entries(access.resources)) {
    const api = await context.apis.findByAudience(audience);
    if (!api) continue;
    const scopes = api.scopes.filter((scope) => names.includes(scope.name));
    apis.push({ name: displayName(api.name), scopes });
  }
  return {
    clientId: access.clientId,
    name: displayName(typeof name === 'string' ? name : access.clientId),
    firstParty: client?.firstParty ?? false,
    unverified: client?.origin === 'dynamic',
    since: access.since,
    lastUsedAt: access.lastUsedAt,
    scopes: access.scopes.filter((scope) => scope !== 'openid' && scope !== 'offline_access'),
    apis,
    offline: access.scopes.includes('offline_access'),
  };
}
