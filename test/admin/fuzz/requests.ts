import { randomBytes } from 'node:crypto';

import { insertDecisions } from '../../../src/decisions/store.ts';
import { jtiDigest } from '../../../src/revocation/token.ts';
import { makeClient, ORDERS } from '../../support/factories.ts';
import { issueToken, type AdminScene } from '../scene.ts';

/** What a request of an operation is about that there is something for. */
export interface Request {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Makes things, each of them new, so that nothing that was done before is in the way. */
export interface World {
  readonly scene: AdminScene;
  /** As an owner whose token lives. Throws unless it is done. */
  // What an answer holds is what the requests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly call: (method: string, path: string, body?: unknown) => Promise<any>;
}

type Make = (world: World) => Promise<Request> | Request;

const word = (): string => randomBytes(6).toString('hex');
const HOUR_MS = 3_600_000;

const client = async ({ call }: World): Promise<string> =>
  (await call('POST', '/clients', { kind: 'machine', client_name: word() })).client_id;
const api = async ({ call }: World): Promise<string> =>
  (await call('POST', '/apis', { audience: `https://fuzzed.example/${word()}`, name: 'Fuzzed' })).id;
const user = async ({ call }: World): Promise<string> =>
  (await call('POST', '/users', { email: `${word()}@example.org` })).id;
const apiWithRoles = async ({ call }: World): Promise<string> => {
  const audience = `https://fuzzed.example/${word()}`;
  await call('POST', '/apis', { audience, name: 'Fuzzed' });
  return audience;
};
const role = async (world: World): Promise<string> =>
  (await world.call('POST', '/roles', { api: await apiWithRoles(world), name: `r.${word()}`, scopes: [] }))
    .id;
const provider = async ({ call }: World, kind: 'oidc' | 'ldap' = 'oidc') =>
  call('POST', '/identity-providers', {
    name: word(),
    slug: `p-${word()}`,
    ...(kind === 'oidc'
      ? {
          kind,
          settings: { issuer: `http://localhost:1/${word()}`, client_id: 'guichet' },
          client_secret: 'secret',
        }
      : {
          kind,
          domains: [`${word()}.example`],
          settings: { url: 'ldaps://localhost:1', base: 'dc=example' },
        }),
  });
const issuer = async (world: World): Promise<Record<string, unknown>> => ({
  issuer: `https://issuer.example/${word()}`,
  identity_provider: (await provider(world)).slug,
});
const webhook = async ({ call }: World): Promise<string> =>
  (await call('POST', '/webhooks', { name: word(), url: `https://hooks.example/${word()}` })).id;

const of =
  (name: string, make: (world: World) => Promise<string>, body?: unknown): Make =>
  async (world) => ({ params: { [name]: await make(world) }, body });
const ofClient = (body?: unknown) => of('client_id', client, body);
const ofApi = (body?: unknown) => of('api_id', api, body);
const ofUser = (body?: unknown) => of('user_id', user, body);
const ofRole = (body?: unknown) => of('role_id', role, body);
const ofWebhook = (body?: unknown) => of('webhook_id', webhook, body);
const ofSession = of('session_id', session);
const ofGrant = of('grant_id', async (world) => (await grant(world)).id);
const ofToken = of('token_id', async (world) => (await token(world)).id);
const ofProvider = (body?: unknown, kind?: 'oidc' | 'ldap') =>
  of('identity_provider_id', async (world) => (await provider(world, kind)).id, body);
const ofIssuer = of(
  'trusted_issuer_id',
  async (world) => (await world.call('POST', '/trusted-issuers', await issuer(world))).id,
);

async function session({ scene }: World): Promise<string> {
  const uid = word();
  const now = scene.server.services.clock.now();
  await scene.server.services.db.knex('sessions').insert({
    created_at: now,
    expires_at: new Date(now.getTime() + HOUR_MS),
    last_used_at: now,
    uid,
    account_id: `acc_${word()}`,
    payload: Buffer.alloc(0),
  });
  return uid;
}

async function grant(world: World): Promise<{ id: string; accountId: string; clientId: string }> {
  const { clock, db } = world.scene.server.services;
  const now = clock.now();
  const made = { id: word(), accountId: await user(world), clientId: await client(world) };
  await db.knex('grants').insert({
    created_at: now,
    expires_at: new Date(now.getTime() + HOUR_MS),
    id: made.id,
    account_id: made.accountId,
    client_id: made.clientId,
    payload: JSON.stringify({ openid: { scope: 'openid' }, resources: { [ORDERS]: 'orders:read' } }),
  });
  return made;
}

/** An API of its own, because somebody may have disabled the others. */
async function token(world: World): Promise<{ id: string; jwt: string }> {
  const { scene, call } = world;
  const audience = `https://fuzzed.example/${word()}`;
  await call('POST', '/apis', { audience, name: 'Fuzzed', scopes: [{ name: 'read', description: 'Read' }] });
  const access = { apis: [{ audience, scopes: ['read'] }] };
  const { id, secret = '' } = await makeClient(scene.server.services, 'machine', access);
  const jwt = await issueToken(scene.issuer, { id, secret, audience, scopes: ['read'] });
  const claims: { jti: string } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  return { id: jtiDigest(claims.jti).toString('hex'), jwt };
}

async function identity(world: World): Promise<Request> {
  const userId = await user(world);
  const id = `idt_${word()}`;
  const { db, clock } = world.scene.server.services;
  await db.knex('identities').insert({
    id,
    provider_id: (await provider(world)).id,
    issuer: 'http://localhost:1',
    subject: word(),
    account_id: userId,
    linked_at: clock.now(),
  });
  return { params: { user_id: userId, identity_id: id } };
}

async function decision({ scene }: World): Promise<Request> {
  const { db, clock } = scene.server.services;
  const requestId = `req_${word()}`;
  const about = { clientId: null, accountId: null, address: '192.0.2.1' };
  await insertDecisions(db.pool, [
    {
      requestId,
      decidedAt: clock.now(),
      endpoint: 'POST /token',
      status: 401,
      outcome: 'invalid_client',
      ...about,
      lines: [],
    },
  ]);
  return { params: { request_id: requestId } };
}

/** Who is asked to change it has a password; that nobody knows it here does not matter. */
async function passwordHolder(world: World): Promise<string> {
  const id = await user(world);
  await world.scene.server.services.db.knex('accounts').where({ id }).update({ password_hash: 'unknown' });
  return id;
}

async function grouped(world: World) {
  const { id } = await provider(world);
  return { params: { identity_provider_id: id }, mapping: { group: word(), role_id: await role(world) } };
}

const nothing: Make = () => ({});
const configuration = () => ({ configuration: { version: 1, name: `fuzz-${word()}` } });

/** For every operation a request that is done. Which one is missing is for the test to say. */
export const REQUESTS: Readonly<Record<string, Make>> = {
  overview: nothing,
  'clients.list': nothing,
  'clients.create': () => ({ body: { kind: 'machine', client_name: word() } }),
  'clients.show': ofClient(),
  'clients.update': ofClient({ client_name: 'Other' }),
  'clients.delete': ofClient(),
  'clients.disable': ofClient(),
  'clients.enable': ofClient(),
  'clients.set-brand': ofClient({ color: '#aabbcc' }),
  'clients.remove-brand': ofClient(),
  'clients.rotate-secret': ofClient({ overlap_seconds: 60 }),
  'clients.revoke-secret': async (world) => {
    const id = await client(world);
    await world.call('POST', `/clients/${id}/rotate-secret`, {});
    const [secret] = (await world.call('GET', `/clients/${id}`)).secrets;
    return { params: { client_id: id, secret_id: secret.id } };
  },
  'clients.roles': ofClient(),
  'apis.list': nothing,
  'apis.create': () => ({ body: { audience: `https://fuzzed.example/${word()}`, name: 'Fuzzed' } }),
  'apis.show': ofApi(),
  'apis.update': ofApi({ name: 'Other' }),
  'apis.delete': ofApi(),
  'apis.disable': ofApi(),
  'apis.enable': ofApi(),
  'users.list': nothing,
  'users.create': () => ({ body: { username: `u${word()}` } }),
  'users.invite': () => ({ body: { email: `${word()}@example.org` } }),
  'users.show': ofUser(),
  'users.update': ofUser({ profile: { nickname: 'Other' } }),
  'users.delete': ofUser(),
  'users.disable': ofUser(),
  'users.enable': ofUser(),
  'users.reset-factors': ofUser(),
  'users.send-password-reset': ofUser(),
  'users.require-password-change': of('user_id', passwordHolder),
  'users.identities': ofUser(),
  'users.disconnect': identity,
  'users.sign-out': ofUser(),
  'users.consents': ofUser(),
  'users.withdraw': async (world) => {
    const { accountId, clientId } = await grant(world);
    return { params: { user_id: accountId, client_id: clientId } };
  },
  'users.roles': ofUser(),
  'sessions.list': nothing,
  'sessions.show': ofSession,
  'sessions.end': ofSession,
  'grants.list': nothing,
  'grants.show': ofGrant,
  'grants.end': ofGrant,
  'tokens.search': nothing,
  'tokens.inspect': async (world) => ({ body: { token: (await token(world)).jwt } }),
  'tokens.revoke': async (world) => ({ body: { token: (await token(world)).jwt } }),
  'tokens.show': ofToken,
  'tokens.end': ofToken,
  'keys.list': nothing,
  'keys.rotate': () => ({ body: { alg: 'ES256' } }),
  // That nothing signs with yet: the others would take a new one each, and a second.
  'keys.revoke': async (world) => {
    await world.call('POST', '/keys/rotate', { alg: 'ES256' });
    const { keys } = await world.call('GET', '/keys');
    return { params: { kid: keys.findLast(({ alg }: { alg: string }) => alg === 'ES256').kid } };
  },
  'identity-providers.list': nothing,
  'identity-providers.create': () => ({
    body: {
      kind: 'ldap',
      name: word(),
      slug: `p-${word()}`,
      domains: [`${word()}.example`],
      settings: { url: 'ldaps://localhost:1', base: 'dc=example' },
    },
  }),
  'identity-providers.show': ofProvider(),
  'identity-providers.update': ofProvider({ name: 'Other' }),
  'identity-providers.delete': ofProvider(),
  'identity-providers.disable': ofProvider(),
  'identity-providers.enable': ofProvider(),
  'identity-providers.usage': ofProvider(),
  'identity-providers.check': ofProvider({}),
  'identity-providers.sync': ofProvider({ dry_run: true }, 'ldap'),
  'identity-providers.groups': ofProvider(),
  'identity-providers.map-group': async (world) => {
    const { params, mapping } = await grouped(world);
    return { params, body: mapping };
  },
  'identity-providers.unmap-group': async (world) => {
    const { params, mapping } = await grouped(world);
    await world.call('POST', `/identity-providers/${params.identity_provider_id}/groups`, mapping);
    return { params, query: mapping };
  },
  'trusted-issuers.list': nothing,
  'trusted-issuers.create': async (world) => ({ body: await issuer(world) }),
  'trusted-issuers.show': ofIssuer,
  'trusted-issuers.delete': ofIssuer,
  'registration-tokens.create': () => ({ body: {} }),
  'roles.list': nothing,
  'roles.create': async (world) => ({
    body: { api: await apiWithRoles(world), name: `r.${word()}`, scopes: [] },
  }),
  'roles.show': ofRole(),
  'roles.update': ofRole({ description: 'Other' }),
  'roles.delete': ofRole(),
  'roles.assignments': ofRole(),
  'roles.give': async (world) => ({
    params: { role_id: await role(world) },
    body: { client_id: await client(world) },
  }),
  'roles.take': async (world) => {
    const [roleId, holder] = [await role(world), await user(world)];
    await world.call('POST', `/roles/${roleId}/assignments`, { account_id: holder });
    return { params: { role_id: roleId, holder_id: holder } };
  },
  'blocks.list': nothing,
  'blocks.create': () => ({ body: { network: network(), reason: 'Fuzzed' } }),
  'blocks.lift': of('block_id', async ({ call }) => {
    return (await call('POST', '/blocks', { network: network(), reason: 'Fuzzed' })).id;
  }),
  'explanations.list': nothing,
  'explanations.show': decision,
  'audit.search': nothing,
  'audit.verify': () => ({ body: { last: 10 } }),
  'audit.checkpoints': nothing,
  'audit.keys': nothing,
  'reports.make': nothing,
  'reports.list': nothing,
  'reports.show': of('report_id', async ({ call }) => {
    const { reports } = await call('GET', '/reports?limit=1');
    return reports.length > 0 ? reports[0].id : (await call('POST', '/reports')).id;
  }),
  'webhooks.list': nothing,
  'webhooks.create': () => ({ body: { name: word(), url: `https://hooks.example/${word()}` } }),
  'webhooks.show': ofWebhook(),
  'webhooks.delete': ofWebhook(),
  'webhooks.disable': ofWebhook(),
  'webhooks.enable': ofWebhook(),
  'webhooks.test': ofWebhook(),
  'webhooks.replay': ofWebhook({ seq: 0 }),
  'settings.list': nothing,
  'configuration.export': nothing,
  'configuration.plan': () => ({ body: configuration() }),
  'configuration.apply': () => ({ body: configuration() }),
  'configuration.drift': nothing,
};

function network(): string {
  return `2001:db8:${word().slice(0, 4)}:${word().slice(0, 4)}::/64`;
}
