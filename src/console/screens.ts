import { api } from './api.ts';
import { apis } from './apis.ts';
import { audit } from './audit.ts';
import { blocks } from './blocks.ts';
import { client } from './client.ts';
import { clients } from './clients.ts';
import type { Screen } from './context.ts';
import { explain } from './explain.ts';
import { identityProvider } from './identity-provider.ts';
import { identityProviders } from './identity-providers.ts';
import { newApi } from './new-api.ts';
import { newClient } from './new-client.ts';
import { newUser } from './new-user.ts';
import { newIdentityProvider } from './new-identity-provider.ts';
import { newRole } from './new-role.ts';
import { overview } from './overview.ts';
import { keys } from './keys.ts';
import { report } from './report.ts';
import { role } from './role.ts';
import { roles } from './roles.ts';
import { sessions } from './sessions.ts';
import { exportedConfiguration, settings } from './settings.ts';
import { tokens } from './tokens.ts';
import { user } from './user.ts';
import { users } from './users.ts';
import { webhooks } from './webhooks.ts';

/** One line a screen; those with an entry in the navigation stand in its order. */
export const SCREENS: readonly Screen[] = [
  overview,
  clients,
  newClient,
  client,
  apis,
  newApi,
  api,
  users,
  newUser,
  user,
  sessions,
  roles,
  newRole,
  role,
  identityProviders,
  newIdentityProvider,
  identityProvider,
  tokens,
  keys,
  audit,
  explain,
  blocks,
  report,
  settings,
  exportedConfiguration,
  webhooks,
];
