import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createAccount } from '../../src/accounts/create-account.ts';
import { createClient } from '../../src/clients/create-client.ts';
import { CLIENT_KINDS } from '../../src/clients/kinds.ts';
import type { Api } from '../../src/resources/api.ts';
import { createApi } from '../../src/resources/create-api.ts';
import { deleteRole } from '../../src/revocation/delete-role.ts';
import { removeScopes } from '../../src/revocation/remove-scopes.ts';
import { unassignRole } from '../../src/revocation/unassign-role.ts';
import { updateRole } from '../../src/revocation/update-role.ts';
import { assignRole } from '../../src/roles/assign-role.ts';
import { rolesOf, scopesOf } from '../../src/roles/assignment-store.ts';
import { createRole } from '../../src/roles/create-role.ts';
import { narrowByRoles } from '../../src/roles/narrow.ts';
import type { Role } from '../../src/roles/role.ts';
import { findRole, listRoles } from '../../src/roles/store.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';

const actor = 'test';

let rooms: Rooms;
let api: Api;
let made = 0;

beforeAll(async () => {
  rooms = await openRooms();
  api = await createApi(rooms, {
    audience: 'https://api.example/orders',
    name: 'Orders',
    scopes: ['read', 'write', 'cancel'].map((name) => ({ name, description: name })),
    tokenTtlSeconds: 600,
    actor,
  });
});
afterAll(() => rooms[Symbol.asyncDispose]());

function makeRole(scopes: string[], input: Partial<Parameters<typeof createRole>[1]> = {}): Promise<Role> {
  made += 1;
  return createRole(rooms, { apiId: api.id, name: `role-${made}`, scopes, actor, ...input });
}

async function makePerson(): Promise<{ accountId: string }> {
  made += 1;
  const { id } = await createAccount(rooms, { email: `p${made}@example.org`, actor });
  return { accountId: id };
}

async function eventsOf(type: string): Promise<{ account_id: string | null; client_id: string | null }[]> {
  return rooms.db.knex('audit_events').select('account_id', 'client_id').where({ type });
}

describe('a role', () => {
  test.each([
    ['Upper', 'invalid_role_name'],
    ['', 'invalid_role_name'],
    ['a'.repeat(61), 'invalid_role_name'],
    ['a\0', 'invalid_role_name'],
  ])('is not named %j', async (name, code) => {
    await expect(makeRole([], { name })).rejects.toMatchObject({ code });
  });

  test('carries scopes of its API only, each once, in order', async () => {
    await expect(makeRole(['read', 'fly'])).rejects.toMatchObject({ code: 'invalid_scope', status: 400 });
    expect(await makeRole(['write', 'read', 'write'])).toMatchObject({ scopes: ['read', 'write'] });
  });

  test('has a name of its own at its API', async () => {
    const { name } = await makeRole([]);
    await expect(makeRole([], { name })).rejects.toMatchObject({ code: 'role_name_taken', status: 409 });
    const other = await makeRole([]);
    await expect(updateRole(rooms, other.id, { name }, { actor })).rejects.toMatchObject({
      code: 'role_name_taken',
    });
  });

  test('is nowhere without its API, nor described with a control character', async () => {
    await expect(makeRole([], { apiId: 'api_none' })).rejects.toMatchObject({ code: 'api_not_found' });
    await expect(makeRole([], { description: 'a\nb' })).rejects.toMatchObject({
      code: 'invalid_role_description',
    });
  });

  test('is not made, changed, deleted or given by somebody who has less', async () => {
    const allowedScopes = new Set(['read']);
    const beyond = { code: 'beyond_own_scopes', status: 403 };
    await expect(makeRole(['write'], { allowedScopes })).rejects.toMatchObject(beyond);
    const reader = await makeRole(['read'], { allowedScopes });
    const writer = await makeRole(['write']);
    const bound = { actor, allowedScopes };
    await expect(updateRole(rooms, reader.id, { scopes: ['write'] }, bound)).rejects.toMatchObject(beyond);
    await expect(updateRole(rooms, writer.id, { scopes: [] }, bound)).rejects.toMatchObject(beyond);
    await expect(deleteRole(rooms, writer.id, bound)).rejects.toMatchObject(beyond);
    const subject = await makePerson();
    const gift = { roleId: writer.id, subject, actor, allowedScopes };
    await expect(assignRole(rooms, gift)).rejects.toMatchObject(beyond);
    expect(await rolesOf(rooms.db.knex, subject)).toEqual([]);
  });

  test('that is a part of the server stays', async () => {
    const role = await makeRole(['read']);
    await rooms.db.knex('roles').where({ id: role.id }).update({ built_in: true });
    const refusal = { code: 'role_built_in', status: 409 };
    await expect(updateRole(rooms, role.id, { scopes: [] }, { actor })).rejects.toMatchObject(refusal);
    await expect(deleteRole(rooms, role.id, { actor })).rejects.toMatchObject(refusal);
  });

  test('loses a scope with its API', async () => {
    const role = await makeRole(['cancel', 'read']);
    await removeScopes(rooms, api.id, ['cancel'], actor);
    expect(await findRole(rooms.db.knex, role.id)).toMatchObject({ scopes: ['read'], narrowings: 1 });
  });

  test('is found page by page', async () => {
    const all = await listRoles(rooms.db.knex, { apiId: api.id, limit: 100 });
    const [first, ...rest] = all;
    expect(await listRoles(rooms.db.knex, { apiId: api.id, after: first?.id, limit: 100 })).toEqual(rest);
    expect(rest.length).toBeGreaterThan(0);
  });
});

describe('whoever has a role', () => {
  test('has its scopes until the last source has taken it away', async () => {
    const subject = await makePerson();
    const { id: roleId } = await makeRole(['read', 'write']);
    const given = [
      await assignRole(rooms, { roleId, subject, actor }),
      await assignRole(rooms, { roleId, subject, actor }),
      await assignRole(rooms, { roleId, subject, source: 'identity-provider:idp_1', actor }),
    ];
    expect(given).toEqual([true, false, true]);
    expect(await scopesOf(rooms.db.knex, subject, api.id)).toEqual(new Set(['read', 'write']));
    expect(await unassignRole(rooms, { roleId, subject, actor })).toMatchObject({ tokens: 0 });
    expect(await unassignRole(rooms, { roleId, subject, actor })).toBeUndefined();
    expect(await scopesOf(rooms.db.knex, subject, api.id)).toEqual(new Set(['read', 'write']));
    await unassignRole(rooms, { roleId, subject, source: 'identity-provider:idp_1', actor });
    expect(await scopesOf(rooms.db.knex, subject, api.id)).toEqual(new Set());
    const [givings, takings] = [await eventsOf('role.given'), await eventsOf('role.taken')];
    expect(givings.filter((event) => event.account_id === subject.accountId)).toHaveLength(2);
    expect(takings.filter((event) => event.account_id === subject.accountId)).toHaveLength(2);
  });

  test('may be a client, and is somebody', async () => {
    const { client } = await createClient(rooms, {
      metadata: { client_name: 'Nightly', ...CLIENT_KINDS.machine },
      actor,
    });
    const { id: roleId } = await makeRole(['read']);
    await assignRole(rooms, { roleId, subject: { clientId: client.id }, actor });
    expect(await rolesOf(rooms.db.knex, { clientId: client.id })).toMatchObject([
      { roleId, audience: api.audience, source: 'operator', givenBy: actor },
    ]);
    for (const [subject, code] of [
      [{ accountId: 'usr_none' }, 'account_not_found'],
      [{ clientId: '\0' }, 'client_not_found'],
    ] as const) {
      await expect(assignRole(rooms, { roleId, subject, actor })).rejects.toMatchObject({ code });
    }
    await expect(
      assignRole(rooms, { roleId: 'rol_none', subject: { clientId: client.id }, actor }),
    ).rejects.toMatchObject({ code: 'role_not_found' });
  });

  test('gets it once, also from two at the same time', async () => {
    const subject = await makePerson();
    const { id: roleId } = await makeRole(['read']);
    const given = await Promise.all([1, 2, 3, 4].map(() => assignRole(rooms, { roleId, subject, actor })));
    expect(given.filter(Boolean)).toHaveLength(1);
  });
});

test('what is dropped is named with its reason, in the order in which it was asked for', () => {
  const narrowed = narrowByRoles(['c', 'b', 'a', 'b'], new Set(['a', 'b']), new Set(['a', 'c']));
  expect(narrowed).toEqual({
    kept: ['a'],
    dropped: [
      { scope: 'c', reason: 'not-allowed-to-client' },
      { scope: 'b', reason: 'role-missing' },
    ],
  });
  expect(narrowByRoles(['a', 'b'], new Set(['a', 'b']), undefined).kept).toEqual(['a', 'b']);
});
