import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createClientCache, type ClientCache } from '../../src/clients/cache.ts';
import { createClient } from '../../src/clients/create-client.ts';
import { CLIENT_KINDS } from '../../src/clients/kinds.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import type { Bus } from '../../src/db/listen.ts';
import { deleteClient } from '../../src/revocation/delete-client.ts';
import { openRooms, openTestBus, type Rooms } from '../support/rooms.ts';

const MACHINE = { client_name: 'Nightly', ...CLIENT_KINDS.machine };

let rooms: Rooms;
let bus: Bus;
let cache: ClientCache;
let queries: () => number;

beforeEach(async () => {
  rooms = await openRooms();
  bus = await openTestBus(rooms.database);
  const raw = vi.spyOn(rooms.db.knex, 'raw');
  queries = () => raw.mock.calls.filter(([sql]) => sql.includes('from clients')).length;
  cache = createClientCache({ db: rooms.db, bus, clock: rooms.clock });
  await bus.ready();
});
afterEach(async () => {
  cache.close();
  await bus.close();
  await rooms[Symbol.asyncDispose]();
});

async function makeClient(): Promise<string> {
  const { client } = await createClient(rooms, { metadata: MACHINE, actor: 'test' });
  await sleep(50);
  return client.id;
}

test('a client is read once, also by requests that come together', async () => {
  const id = await makeClient();
  const before = queries();
  const found = await Promise.all(Array.from({ length: 100 }, () => cache.find(id)));
  expect(new Set(found).size).toBe(1);
  await cache.find(id);
  expect(queries() - before).toBe(1);
});

test('a change is seen without waiting, and so is the end of a client', async () => {
  const id = await makeClient();
  await cache.find(id);
  await updateClient(rooms, id, { metadata: { client_name: 'Daily' } }, 'test');
  await vi.waitFor(async () => expect((await cache.find(id))?.metadata['client_name']).toBe('Daily'), 1000);
  await deleteClient(rooms, id, 'test');
  await vi.waitFor(async () => expect(await cache.find(id)).toBeUndefined(), 1000);
});

test('an unknown id is asked for every time, so that it is known as soon as it exists', async () => {
  expect(await cache.find('nightly')).toBeUndefined();
  await createClient(rooms, { id: 'nightly', metadata: MACHINE, actor: 'test' });
  expect(await cache.find('nightly')).toMatchObject({ id: 'nightly' });
});

test('a copy is not believed for ever, should news be lost', async () => {
  const id = await makeClient();
  await cache.find(id);
  await rooms.db.knex('clients').where({ id }).update({ first_party: true });
  expect((await cache.find(id))?.firstParty).toBe(false);
  rooms.clock.advance(30);
  expect((await cache.find(id))?.firstParty).toBe(true);
});

test('a look-up that fails is not kept', async () => {
  const id = await makeClient();
  await rooms.db.knex.raw('alter table clients rename to elsewhere');
  await expect(cache.find(id)).rejects.toThrow();
  await rooms.db.knex.raw('alter table elsewhere rename to clients');
  expect(await cache.find(id)).toMatchObject({ id });
});
