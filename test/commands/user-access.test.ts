import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { CommandContext } from '../../src/commands/context.ts';
import { list } from '../../src/commands/session-actions.ts';
import { consents, signOut, withdraw } from '../../src/commands/user-access-actions.ts';
import { makeApp, signIn } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createCli, line } from '../support/cli.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** A command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let context: CommandContext;

beforeAll(async () => {
  server = await startTestServer();
  context = { ...server.services, [Symbol.asyncDispose]: async () => {} };
  await makeApi(server.services);
});
afterAll(() => server.stop());

test('an operator sees where somebody is signed in and what clients hold, and ends both', async () => {
  const person = await makePerson(server.services);
  const name = person.email ?? '';
  const notes = await makeApp(server.services, {
    firstParty: false,
    metadata: { client_name: 'Atelier Notes' },
  });
  const headers = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0' };
  await signIn(createWalker({ origin: server.issuer, headers }), notes, person);
  const sessions = () => list(context, { args: [], options: { user: name } });

  expect((await sessions()).text).toMatch(new RegExp(`Firefox, Linux +[0-9a-f.:]+ +${notes.id}`));
  const held = await consents(context, { args: [name], options: {} });
  expect(held.text).toContain('Atelier Notes');
  expect(held.json).toMatchObject({
    consents: [{ client_id: notes.id, scopes: ['openid'], resources: { [ORDERS]: ['orders:read'] } }],
  });

  const { config, db } = server.services;
  const cli = createCli({
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
  });
  const withdrawn = await cli.json(line`users withdraw ${name} ${notes.id}`);
  expect(withdrawn).toMatchObject({ id: person.id, client_id: notes.id, tokens_revoked: 0 });
  await expect(withdraw(context, { args: [name, notes.id], options: {} })).rejects.toThrow('holds nothing');
  const ended = await signOut(context, { args: [name], options: {} });
  expect(ended.json).toMatchObject({ sessions_ended: 1 });
  expect((await sessions()).json).toEqual({ sessions: [], next: null });
  const events = db.knex('audit_events').where({ account_id: person.id, actor: 'cli' });
  const types = await events.orderBy('id').pluck('type');
  expect(types).toEqual(['consent.withdrawn', 'session.ended']);
});
