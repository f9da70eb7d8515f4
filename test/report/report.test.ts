import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { adminAudience } from '../../src/admin/paths.ts';
import { openAdmin, type AdminScene } from '../admin/scene.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makeApi, makeClient, makePerson } from '../support/factories.ts';

vi.setConfig({ testTimeout: 60_000 });

let admin: AdminScene;
let cli: Cli;

beforeAll(async () => {
  admin = await openAdmin();
  await makeApi(admin.server.services);
  await makePerson(admin.server.services);
  const { config } = admin.server.services;
  cli = createCli({
    GUICHET_DATABASE_URL: admin.server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
  });
});
afterAll(() => admin.stop());

/** The server signs one by itself sooner or later; not between two reports. */
const makeCheckpoint = () => cli.json(line`audit checkpoints --make`);

test('a report is made from what is there, kept, and found again as it was made', async () => {
  await makeCheckpoint();
  const report = await cli.json(line`audit report`);
  expect(report).toMatchObject({
    issuer: admin.issuer,
    mode: 'development',
    made_by: 'cli',
    // The server answered, with its headers; nobody is an administrator who could be in trouble.
    rules: expect.arrayContaining([
      expect.objectContaining({ id: 'SV-19', passed: 1, failed: 0 }),
      expect.objectContaining({ id: 'SV-20', passed: 1, failed: 0 }),
      expect.objectContaining({ id: 'SV-10', passed: 0, failed: 0 }),
    ]),
    findings: expect.arrayContaining([
      expect.objectContaining({ rule: 'SV-01', subject: 'server', annex_a: ['8.31', '8.9'] }),
      expect.objectContaining({
        rule: 'SV-07',
        what: '1 of 1 people have a password and nothing beside it.',
      }),
    ]),
  });
  const id = String(report['id']);
  expect(await cli.json(line`audit show-report ${id}`)).toEqual(report);
  const { id: _, made_at: _at, ...rest } = report;
  expect(await cli.json(line`audit report`)).toMatchObject(rest);
  expect((await cli(line`audit reports`)).stdout).toContain(id);
  expect((await cli(line`audit show-report rep_none`)).exitCode).toBe(1);
  const { body } = await admin.call('GET', `/reports/${id}`);
  expect(body).toEqual(report);
});

test('--fail-on ends with 1 when something that severe was found, and the report is still printed', async () => {
  const mild = await cli(line`audit report --fail-on high`);
  expect(mild.exitCode, mild.stdout).toBe(0);
  const { services } = admin.server;
  const { id } = await makeClient(services, 'spa', {
    metadata: { redirect_uris: ['https://spa.example/'] },
    apis: [{ audience: adminAudience(services.config), scopes: ['admin:keys:write'] }],
  });
  const severe = await cli(line`audit report --fail-on high --json`);
  expect(severe.exitCode).toBe(1);
  const report = JSON.parse(severe.stdout) as Record<string, unknown>;
  expect(report['findings']).toEqual(
    expect.arrayContaining([expect.objectContaining({ severity: 'high', subject: `client:${id}` })]),
  );
  expect(report).toMatchObject({ grade: 'D' });
  expect((await cli(line`audit report`)).exitCode).toBe(0);
  // What sends the whole log away counts, what sends a part of it does not.
  const stays = expect.objectContaining({ rule: 'SV-17' }) as unknown;
  const target = line`--url https://siem.example/events --format ocsf`;
  await cli.json([...line`webhooks create --name part --min-risk 50`, ...target]);
  expect((await cli.json(line`audit report`))['findings']).toContainEqual(stays);
  await cli.json([...line`webhooks create --name all`, ...target]);
  expect((await cli.json(line`audit report`))['findings']).not.toContainEqual(stays);
  expect((await cli(line`audit report --fail-on dire`)).exitCode).toBe(2);
});

test('operators make, list and read reports over the API, with the scopes of the audit log', async () => {
  const reader = await admin.tokenFor(['admin:audit:read']);
  expect((await admin.call('POST', '/reports', { token: reader })).status).toBe(403);
  const made = await admin.call('POST', '/reports');
  expect(made.status).toBe(201);
  const first = await admin.call('GET', '/reports?limit=1', { token: reader });
  expect(first.body.reports).toMatchObject([{ id: made.body.id, grade: made.body.grade }]);
  const second = await admin.call('GET', `/reports?limit=200&after=${first.body.next}`, { token: reader });
  expect(second.body.reports.length).toBeGreaterThan(1);
  expect(second.body.reports.map(({ id }: { id: string }) => id)).not.toContain(made.body.id);
  expect((await admin.call('GET', '/reports?after=%00')).status).toBeLessThan(500);
  expect((await admin.call('GET', '/reports/rep_none')).status).toBe(404);
  const { rows } = await admin.server.database.db.knex.raw<{ rows: { detail: object }[] }>(
    `SELECT detail FROM audit_events WHERE type = 'report.made' ORDER BY occurred_at DESC LIMIT 1`,
  );
  expect(rows[0]?.detail).toMatchObject({ reportId: made.body.id });
});
