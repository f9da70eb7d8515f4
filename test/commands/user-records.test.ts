import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { record } from '../../src/audit/record.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makePerson } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let cli: Cli;

beforeAll(async () => {
  server = await startTestServer();
  const { config } = server.services;
  cli = createCli({
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
  });
});

afterAll(() => server.stop());

test('an operator reads what happened to an account, and hands its data over', async () => {
  const { db, clock } = server.services;
  const person = await makePerson(server.services);
  await db.transaction((tx) =>
    record(tx, { occurredAt: clock.now(), type: 'session.ended', actor: 'system', accountId: person.id }),
  );
  const name = person.email ?? '';
  const text = await cli(line`users export ${name}`);
  expect(JSON.parse(text.stdout)).toMatchObject({ account: { id: person.id }, sessions: [], access: [] });
  expect(text.stdout).not.toContain('argon2');

  const page = await cli.json(line`users activity ${name} --limit 2`);
  expect(page).toMatchObject({
    events: [{ type: 'account.exported', actor: 'cli' }, { type: 'session.ended' }],
  });
  const rest = await cli.json(line`users activity ${name} --before ${String(page['next'])}`);
  expect(rest).toMatchObject({ events: [{ type: 'account.created', actor: 'test' }], next: null });

  const [unknown, wrong] = [
    await cli(line`users export nobody@example.org`),
    await cli(line`users activity ${name} --before last-week`),
  ];
  expect([unknown.exitCode, wrong.exitCode]).toEqual([1, 2]);
  expect(wrong.stderr).toContain('--before must be the number of an event');
});
