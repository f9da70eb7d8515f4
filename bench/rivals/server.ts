/**
 * What Guichet is measured against: the protocol library by itself, set up for the same clients, scopes and algorithms, with
 * its own in-memory storage or with the plain PostgreSQL adapter beside this file. Whoever asks is signed in at once, because
 * passwords are not compared.
 */
import { createServer } from 'node:http';

import { Pool } from 'pg';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';

import { postgresAdapter, SCHEMA } from './postgres-adapter.ts';
import { OPAQUE_AUDIENCE, type Rival } from './rival.ts';

const ACCOUNT = 'ada';
/** As many as Guichet opens at most. */
const CONNECTIONS_MAX = 10;

const rival = JSON.parse(process.env['RIVAL'] ?? '') as Rival;
const pool = await openPool(rival);
const provider = new Provider(rival.issuer, configuration(rival, pool));
provider.use(async (ctx, next): Promise<void> => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const result = { login: { accountId: ACCOUNT } };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
});
const listener = provider.callback();
createServer((req, res) => void listener(req, res)).listen(rival.port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));

async function openPool({ databaseUrl }: Rival): Promise<Pool | undefined> {
  if (databaseUrl === undefined) return undefined;
  const opened = new Pool({ connectionString: databaseUrl, max: CONNECTIONS_MAX });
  await opened.query(SCHEMA);
  return opened;
}

function configuration({ jwks, clients, audience, scope }: Rival, database: Pool | undefined): Configuration {
  return {
    ...(database ? { adapter: postgresAdapter(database) } : {}),
    jwks,
    clients: [...clients],
    scopes: ['openid', 'offline_access'],
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    loadExistingGrant: grantEverything,
    cookies: { keys: ['bench'] },
    ttl: {
      AccessToken: 3600,
      ClientCredentials: 3600,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => oneOf ?? audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          audience: resource,
          scope,
          accessTokenTTL: 3600,
          accessTokenFormat: resource === OPAQUE_AUDIENCE ? 'opaque' : 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}

/** The documented way to do without a consent page. */
async function grantEverything(ctx: KoaContextWithOIDC) {
  const { client, session, result } = ctx.oidc;
  if (!client || session?.accountId === undefined) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  if (grantId !== undefined) return ctx.oidc.provider.Grant.find(grantId);
  const grant = new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope('openid offline_access');
  for (const [audience, server] of Object.entries(ctx.oidc.resourceServers ?? {})) {
    grant.addResourceScope(audience, server.scope);
  }
  await grant.save();
  return grant;
}
