import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { placeOf } from '../../src/db/place.ts';
import { createClient } from '../../src/clients/create-client.ts';
import { enableClient } from '../../src/clients/enable-client.ts';
import { CLIENT_KINDS } from '../../src/clients/kinds.ts';
import { registerClient } from '../../src/clients/register.ts';
import { rotateSecret } from '../../src/clients/rotate-secret.ts';
import { compareSecret } from '../../src/clients/secret.ts';
import { findClient, listClients } from '../../src/clients/store.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import { createApi } from '../../src/resources/create-api.ts';
import { deleteApi } from '../../src/revocation/delete-api.ts';
import { deleteClient } from '../../src/revocation/delete-client.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { removeScopes } from '../../src/revocation/remove-scopes.ts';
import { auditTypes, openRooms, type Rooms } from '../support/rooms.ts';

const ORDERS = 'https://api.example/orders';
const STOCK = 'https://api.example/stock';
const MACHINE = { client_name: 'Nightly', ...CLIENT_KINDS.machine };
const SPA = { client_name: 'Shop', ...CLIENT_KINDS.spa, redirect_uris: ['https://shop.example/cb'] };
const actor = 'test';

let rooms: Rooms;

beforeEach(async () => {
  rooms = await openRooms();
});
afterEach(() => rooms[Symbol.asyncDispose]());

function makeApi(audience = ORDERS) {
  const scopes = ['read', 'write'].map((name) => ({ name, description: `May ${name}` }));
  return createApi(rooms, { audience, name: audience, scopes, tokenTtlSeconds: 600, actor });
}

async function accepts(id: string, secret: string): Promise<boolean> {
  const client = await findClient(rooms.db.knex, id);
  return client !== undefined && compareSecret(client, secret, rooms.secrets, rooms.clock.now());
}

describe('creating a client', () => {
  test('shows a secret once and keeps only its digest', async () => {
    const { client, secret } = await createClient(rooms, { metadata: MACHINE, actor });
    expect(client.id).toMatch(/^cli_\w{22}$/);
    expect(secret).toMatch(/^gcs_[\w-]{43}$/);
    expect(compareSecret(client, secret ?? '', rooms.secrets, rooms.clock.now())).toBe(true);
    expect(compareSecret(client, `${secret}x`, rooms.secrets, rooms.clock.now())).toBe(false);
    expect(compareSecret(client, '', rooms.secrets, rooms.clock.now())).toBe(false);
    const { rows } = await rooms.db.pool.query<{ row: string }>(
      `select c::text || s::text || (select string_agg(a::text, '') from audit_events a) as row
       from clients c join client_secrets s on s.client_id = c.id`,
    );
    expect(rows[0]?.row).toContain(client.id);
    expect(rows[0]?.row).not.toContain(secret?.slice(8));
    expect(await auditTypes(rooms.db)).toEqual(['client.created']);
  });

  test('a public client has no secret', async () => {
    const { client, secret } = await createClient(rooms, { metadata: SPA, actor });
    expect(secret).toBeUndefined();
    expect(client.secrets).toEqual([]);
    expect(compareSecret(client, '', rooms.secrets, rooms.clock.now())).toBe(false);
  });

  test('refuses ids that could be taken for an account, or are taken', async () => {
    for (const id of ['usr_1', 'USR_1', '', 'a b', 'a/b', 'ü', 'a\0', '-rf', 'x'.repeat(101)]) {
      await expect(createClient(rooms, { id, metadata: MACHINE, actor })).rejects.toMatchObject({
        code: 'invalid_client_id',
        status: 400,
      });
    }
    await createClient(rooms, { id: 'nightly', metadata: MACHINE, actor });
    await expect(createClient(rooms, { id: 'nightly', metadata: MACHINE, actor })).rejects.toMatchObject({
      code: 'client_id_taken',
      status: 409,
    });
  });

  test('gives access to scopes that exist, and to nothing else', async () => {
    const api = await makeApi();
    const { client } = await createClient(rooms, {
      metadata: MACHINE,
      apis: [{ audience: ORDERS, scopes: ['write', 'read', 'read'] }],
      defaultAudience: ORDERS,
      actor,
    });
    expect(client.apis).toEqual([{ apiId: api.id, audience: ORDERS, scopes: ['read', 'write'] }]);
    expect(client.defaultApiId).toBe(api.id);
    await expect(
      createClient(rooms, { metadata: MACHINE, apis: [{ audience: ORDERS, scopes: ['admin'] }], actor }),
    ).rejects.toMatchObject({ code: 'invalid_scope', status: 400 });
    await expect(
      createClient(rooms, { metadata: MACHINE, defaultAudience: 'https://nobody.example', actor }),
    ).rejects.toMatchObject({ code: 'api_not_found', status: 404 });
    // Refused means: nothing of it happened.
    expect(await listClients(rooms.db.knex, { limit: 10 })).toHaveLength(1);
  });

  test('a default API alone gives access without scopes', async () => {
    await makeApi();
    const { client } = await createClient(rooms, { metadata: MACHINE, defaultAudience: ORDERS, actor });
    expect(client.apis).toMatchObject([{ audience: ORDERS, scopes: [] }]);
  });
});

describe('updating a client', () => {
  test('merges metadata, null takes a member away', async () => {
    const { client } = await createClient(rooms, {
      metadata: { ...SPA, tos_uri: 'https://shop.example/tos' },
      actor,
    });
    const updated = await updateClient(
      rooms,
      client.id,
      { metadata: { client_name: 'Boutique', tos_uri: null }, firstParty: true },
      actor,
    );
    expect(updated.client).toMatchObject({ firstParty: true, metadata: { ...SPA, client_name: 'Boutique' } });
    expect(updated.client.metadata).not.toHaveProperty('tos_uri');
  });

  test('what it becomes has to be valid as a whole', async () => {
    const { client } = await createClient(rooms, { metadata: SPA, actor });
    const metadata = { grant_types: ['client_credentials'], response_types: [] };
    await expect(updateClient(rooms, client.id, { metadata }, actor)).rejects.toMatchObject({
      code: 'invalid_client_metadata',
    });
    await expect(updateClient(rooms, 'nobody', {}, actor)).rejects.toMatchObject({
      code: 'client_not_found',
      status: 404,
    });
  });

  test('a client gets a secret when it begins to need one and loses it when it no longer does', async () => {
    const { client } = await createClient(rooms, { metadata: SPA, actor });
    const confidential = { token_endpoint_auth_method: 'client_secret_post' };
    const first = await updateClient(rooms, client.id, { metadata: confidential }, actor);
    expect(first.secret).toMatch(/^gcs_/);
    const again = await updateClient(rooms, client.id, { metadata: { client_name: 'Boutique' } }, actor);
    expect(again.secret).toBeUndefined();
    const open = await updateClient(
      rooms,
      client.id,
      { metadata: { token_endpoint_auth_method: 'none' } },
      actor,
    );
    expect(open.client.secrets).toEqual([]);
  });

  test('access is replaced per API and taken away', async () => {
    await makeApi(ORDERS);
    await makeApi(STOCK);
    const { client } = await createClient(rooms, {
      metadata: MACHINE,
      apis: [{ audience: ORDERS, scopes: ['read'] }],
      defaultAudience: ORDERS,
      actor,
    });
    const apis = [{ audience: STOCK, scopes: ['write'] }];
    const both = await updateClient(rooms, client.id, { apis }, actor);
    expect(both.client.apis.map(({ audience, scopes }) => [audience, scopes])).toEqual([
      [ORDERS, ['read']],
      [STOCK, ['write']],
    ]);
    const one = await updateClient(rooms, client.id, { removeApis: [ORDERS] }, actor);
    expect(one.client.apis.map(({ audience }) => audience)).toEqual([STOCK]);
    expect(one.client.defaultApiId).toBeNull();
  });

  test('sixteen at once are made one after the other', async () => {
    const { client } = await createClient(rooms, { metadata: SPA, actor });
    const members = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'];
    await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        updateClient(
          rooms,
          client.id,
          { metadata: { [members[index % 4] ?? '']: `https://shop.example/${index}` } },
          actor,
        ),
      ),
    );
    const after = await findClient(rooms.db.knex, client.id);
    expect(Object.keys(after?.metadata ?? {})).toEqual(expect.arrayContaining(members));
  });
});

describe('rotating a secret', () => {
  test('both work until the overlap ends', async () => {
    const { client, secret = '' } = await createClient(rooms, { metadata: MACHINE, actor });
    const rotated = await rotateSecret(rooms, client.id, { overlapSeconds: 60, actor });
    expect([await accepts(client.id, secret), await accepts(client.id, rotated.secret)]).toEqual([
      true,
      true,
    ]);
    rooms.clock.advance(60);
    expect([await accepts(client.id, secret), await accepts(client.id, rotated.secret)]).toEqual([
      false,
      true,
    ]);
  });

  test('without overlap the old one is dead at once', async () => {
    const { client, secret = '' } = await createClient(rooms, { metadata: MACHINE, actor });
    const rotated = await rotateSecret(rooms, client.id, { overlapSeconds: 0, actor });
    expect([await accepts(client.id, secret), await accepts(client.id, rotated.secret)]).toEqual([
      false,
      true,
    ]);
  });

  test('never more than two are live, even when many rotate at once', async () => {
    const { client, secret = '' } = await createClient(rooms, { metadata: MACHINE, actor });
    const rotated = await Promise.all(
      Array.from({ length: 16 }, () => rotateSecret(rooms, client.id, { actor })),
    );
    const secrets = [secret, ...rotated.map((each) => each.secret)];
    const live = await Promise.all(secrets.map((each) => accepts(client.id, each)));
    expect(live.filter(Boolean)).toHaveLength(2);
    expect((await findClient(rooms.db.knex, client.id))?.secrets).toHaveLength(2);
  });

  test('a second rotation does not give an old secret more time', async () => {
    const { client } = await createClient(rooms, { metadata: MACHINE, actor });
    const first = await rotateSecret(rooms, client.id, { overlapSeconds: 60, actor });
    rooms.clock.advance(1);
    const second = await rotateSecret(rooms, client.id, { overlapSeconds: 60, actor });
    rooms.clock.advance(59);
    expect([await accepts(client.id, first.secret), await accepts(client.id, second.secret)]).toEqual([
      true,
      true,
    ]);
    rooms.clock.advance(1);
    expect(await accepts(client.id, first.secret)).toBe(false);
  });

  test('a client without secret has none to rotate, and the overlap has bounds', async () => {
    const { client } = await createClient(rooms, { metadata: SPA, actor });
    await expect(rotateSecret(rooms, client.id, { actor })).rejects.toMatchObject({
      code: 'client_has_no_secret',
      status: 409,
    });
    await expect(rotateSecret(rooms, client.id, { overlapSeconds: -1, actor })).rejects.toMatchObject({
      code: 'invalid_overlap',
    });
    await expect(rotateSecret(rooms, 'nobody', { actor })).rejects.toMatchObject({
      code: 'client_not_found',
    });
  });

  test('secrets outlive the rotation of GUICHET_SECRET, as long as the old one is listed', async () => {
    const { client, secret = '' } = await createClient(rooms, { metadata: MACHINE, actor });
    const now = rooms.clock.now();
    const [old, fresh] = ['the rooms are tested with this secret', 'another secret that came later'];
    expect(compareSecret(client, secret, deriveSecrets({ secrets: { secret: [fresh, old] } }), now)).toBe(
      true,
    );
    expect(compareSecret(client, secret, deriveSecrets({ secrets: { secret: [fresh] } }), now)).toBe(false);
  });
});

describe('clients that register themselves', () => {
  test('are marked as such and may ask for no API', async () => {
    await registerClient(rooms, { id: 'cli_dyn', metadata: SPA, secret: null, actor });
    expect(await findClient(rooms.db.knex, 'cli_dyn')).toMatchObject({
      origin: 'dynamic',
      firstParty: false,
      apis: [],
    });
    expect(await auditTypes(rooms.db)).toEqual(['client.registered']);
  });

  test('an update replaces the metadata whole and keeps the secret, unless there is a new one', async () => {
    const metadata = { ...SPA, token_endpoint_auth_method: 'client_secret_basic' };
    await registerClient(rooms, { id: 'cli_dyn', metadata, secret: 'gcs_first', actor });
    await registerClient(rooms, {
      id: 'cli_dyn',
      metadata: { ...metadata, client_name: 'X' },
      secret: null,
      actor,
    });
    const kept = await findClient(rooms.db.knex, 'cli_dyn');
    expect(kept?.secrets).toHaveLength(1);
    await registerClient(rooms, { id: 'cli_dyn', metadata, secret: 'gcs_second', actor });
    const client = await findClient(rooms.db.knex, 'cli_dyn');
    const accepted = ['gcs_first', 'gcs_second'].map(
      (secret) => client && compareSecret(client, secret, rooms.secrets, rooms.clock.now()),
    );
    expect(accepted).toEqual([false, true]);
    await registerClient(rooms, { id: 'cli_dyn', metadata: SPA, secret: null, actor });
    expect((await findClient(rooms.db.knex, 'cli_dyn'))?.secrets).toEqual([]);
  });
});

describe('ending', () => {
  test('disabling keeps the client, deleting forgets it; both are recorded', async () => {
    const { client } = await createClient(rooms, { metadata: MACHINE, actor });
    await disableClient(rooms, client.id, actor);
    expect((await findClient(rooms.db.knex, client.id))?.disabledAt).toEqual(rooms.clock.now());
    expect((await enableClient(rooms, client.id, actor)).disabledAt).toBeNull();
    await deleteClient(rooms, client.id, actor);
    expect(await findClient(rooms.db.knex, client.id)).toBeUndefined();
    expect(await auditTypes(rooms.db)).toEqual([
      'client.created',
      'client.disabled',
      'revoked',
      'client.enabled',
      'client.deleted',
      'revoked',
    ]);
    for (const verb of [disableClient, enableClient, deleteClient]) {
      await expect(verb(rooms, client.id, actor)).rejects.toMatchObject({
        code: 'client_not_found',
        status: 404,
      });
    }
  });

  test('a scope that is taken from an API is taken from its clients', async () => {
    const api = await makeApi();
    const { client } = await createClient(rooms, {
      metadata: MACHINE,
      apis: [{ audience: ORDERS, scopes: ['read', 'write'] }],
      actor,
    });
    await removeScopes(rooms, api.id, ['write'], actor);
    expect((await findClient(rooms.db.knex, client.id))?.apis).toMatchObject([{ scopes: ['read'] }]);
    await expect(removeScopes(rooms, api.id, ['write'], actor)).rejects.toMatchObject({
      code: 'scope_not_found',
    });
  });

  test('an API takes its own credentials along, and others forget it', async () => {
    const api = await makeApi();
    const own = await createClient(rooms, {
      metadata: { ...CLIENT_KINDS.api },
      actsForAudience: ORDERS,
      actor,
    });
    const other = await createClient(rooms, { metadata: MACHINE, defaultAudience: ORDERS, actor });
    expect(own.client.actsForApiId).toBe(api.id);
    await deleteApi(rooms, api.id, actor);
    expect(await findClient(rooms.db.knex, own.client.id)).toBeUndefined();
    expect(await findClient(rooms.db.knex, other.client.id)).toMatchObject({ apis: [], defaultApiId: null });
  });
});

test('a list has pages, oldest first, and can be searched', async () => {
  const names = ['Alpha', 'Beta', 'Gamma'];
  for (const client_name of names) {
    await createClient(rooms, { metadata: { ...MACHINE, client_name }, actor });
    rooms.clock.advance(1);
  }
  const first = await listClients(rooms.db.knex, { limit: 2 });
  const rest = await listClients(rooms.db.knex, { limit: 2, after: first[1] && placeOf(first[1]) });
  expect([...first, ...rest].map((client) => client.metadata['client_name'])).toEqual(names);
  const found = await listClients(rooms.db.knex, { limit: 2, search: 'bet' });
  expect(found.map((client) => client.metadata['client_name'])).toEqual(['Beta']);
});

test('what cannot be an id is not asked for', async () => {
  for (const id of ['', 'a\0b', 'ü', '\ud800', 'x'.repeat(256)]) {
    expect(await findClient(rooms.db.knex, id)).toBeUndefined();
  }
});
