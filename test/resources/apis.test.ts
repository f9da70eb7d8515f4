import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createApiCache } from '../../src/resources/cache.ts';
import { createApi, type NewApi } from '../../src/resources/create-api.ts';
import { enableApi } from '../../src/resources/enable-api.ts';
import { findApiByAudience, listApis } from '../../src/resources/store.ts';
import { updateApi } from '../../src/resources/update-api.ts';
import { deleteApi } from '../../src/revocation/delete-api.ts';
import { disableApi } from '../../src/revocation/disable-api.ts';
import { auditTypes, openRooms, openTestBus, type Rooms } from '../support/rooms.ts';

const AUDIENCE = 'https://api.example/orders';
const actor = 'test';
let rooms: Rooms;

beforeEach(async () => {
  rooms = await openRooms();
});
afterEach(() => rooms[Symbol.asyncDispose]());

function make(input: Partial<NewApi> = {}) {
  return createApi(rooms, { audience: AUDIENCE, name: 'Orders', tokenTtlSeconds: 600, actor, ...input });
}

describe('creating an API', () => {
  test('ES256 unless said otherwise; scopes by name', async () => {
    const scopes = [
      { name: 'write', description: 'Change orders' },
      { name: 'read', description: 'See orders' },
    ];
    const api = await make({ scopes });
    expect(api).toMatchObject({ signingAlg: 'ES256', tokenTtlSeconds: 600, scopes: scopes.toReversed() });
    expect(await findApiByAudience(rooms.db.knex, AUDIENCE)).toEqual(api);
    expect(await auditTypes(rooms.db)).toEqual(['api.created']);
  });

  test('of many that want one audience at once, one gets it', async () => {
    const made = await Promise.allSettled(Array.from({ length: 16 }, () => make()));
    const refused = made.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(15);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'audience_taken', status: 409 });
  });
});

test('an update changes what is mentioned and leaves the rest', async () => {
  const { id } = await make({ scopes: [{ name: 'read', description: 'See orders' }] });
  const scopes = [
    { name: 'read', description: 'See all orders' },
    { name: 'cancel', description: 'Cancel orders' },
  ];
  const updated = await updateApi(rooms, id, { scopes, signingAlg: 'RS256' }, actor);
  expect(updated).toMatchObject({
    name: 'Orders',
    tokenTtlSeconds: 600,
    signingAlg: 'RS256',
    scopes: scopes.toReversed(),
  });
  expect(await findApiByAudience(rooms.db.knex, AUDIENCE)).toEqual(updated);
  await expect(updateApi(rooms, 'api_none', {}, actor)).rejects.toMatchObject({
    code: 'api_not_found',
    status: 404,
  });
});

test('disabling, enabling and deleting are recorded', async () => {
  const { id } = await make();
  await disableApi(rooms, id, actor);
  expect((await findApiByAudience(rooms.db.knex, AUDIENCE))?.disabledAt).toEqual(rooms.clock.now());
  expect((await enableApi(rooms, id, actor)).disabledAt).toBeNull();
  await deleteApi(rooms, id, actor);
  expect(await listApis(rooms.db.knex)).toEqual([]);
  expect(await auditTypes(rooms.db)).toEqual([
    'api.created',
    'api.disabled',
    'revoked',
    'api.enabled',
    'api.deleted',
    'revoked',
  ]);
});

test('the cache follows every change on every process', async () => {
  const bus = await openTestBus(rooms.database);
  const cache = createApiCache({ db: rooms.db, bus, clock: rooms.clock });
  await bus.ready();
  try {
    expect(await cache.all()).toEqual([]);
    const { id } = await make();
    await vi.waitFor(async () => expect(await cache.findByAudience(AUDIENCE)).toMatchObject({ id }), 1000);
    expect(await cache.findById(id)).toMatchObject({ audience: AUDIENCE });
    await updateApi(rooms, id, { name: 'Purchases' }, actor);
    await vi.waitFor(async () => expect((await cache.findById(id))?.name).toBe('Purchases'), 1000);
    await sleep(50);
    await rooms.db.knex('apis').update({ name: 'Unannounced' });
    expect((await cache.findById(id))?.name).toBe('Purchases');
    rooms.clock.advance(30);
    expect((await cache.findById(id))?.name).toBe('Unannounced');
  } finally {
    cache.close();
    await bus.close();
  }
});
