import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { introspect, makeApp, mintCode, redeem, signIn, tokensOf, cookiesOf } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { givePasskey, giveRecoveryCodes, giveTotp } from '../support/factors.ts';
import { findFactors } from '../../src/authenticators/factor-store.ts';
import { createNode } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

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

test('somebody who has lost everything is helped: factors, sessions and tokens go, and they are told', async () => {
  const { services, issuer } = server;
  await makeApi(services);
  const [app, person] = [await makeApp(services), await makePerson(services)];
  const walker = createWalker({ origin: issuer });
  const node = createNode(services.config.listen.port, issuer);
  await signIn(walker, app, person);
  const code = await mintCode(node, app, cookiesOf(walker, issuer));
  const { access } = tokensOf(await redeem(node, app, code));
  await giveTotp(services, person);
  await givePasskey(services, person);
  await giveRecoveryCodes(services, person);

  const answer = await cli.json(line`users reset-factors ${person.email ?? ''}`);
  expect(answer).toMatchObject({ id: person.id, had_factors: true, tokens_revoked: 1 });
  expect(await findFactors(services.db.knex, person.id)).toEqual({
    passkeys: 0,
    totp: false,
    recoveryCodes: 0,
  });
  expect((await introspect(node, app, access)).json).toEqual({ active: false });
  expect(await signIn(createWalker({ origin: issuer }), app, person)).not.toBe('');
  const events: { type: string; actor: string }[] = await server.database.db
    .knex('audit_events')
    .select('type', 'actor')
    .where({ account_id: person.id, type: 'account.factors-reset' });
  expect(events).toEqual([{ type: 'account.factors-reset', actor: 'cli' }]);
  const mails: { kind: string }[] = await server.database.db.knex('mails').where({ account_id: person.id });
  expect(mails.map(({ kind }) => kind)).toContain('authenticator-removed');
  expect(await cli.json(line`users reset-factors ${person.id}`)).toMatchObject({ had_factors: false });
  expect((await cli(line`users reset-factors nobody@example.org`)).exitCode).toBe(1);
  node.close();
});

test('clients and APIs say how sure they want to be of people', async () => {
  const api = 'https://api.example/payroll';
  const created = await cli.json(line`apis create --audience ${api} --name Payroll --require mfa`);
  expect(created).toMatchObject({ requirement: 'mfa' });
  expect(await cli.json(line`apis update ${api} --require any`)).toMatchObject({ requirement: 'any' });
  const client = await cli.json(
    line`clients create --name Payroll --kind web --redirect-uri https://pay.example/callback --require phishing-resistant`,
  );
  expect(client).toMatchObject({ requirement: 'phishing-resistant' });
  const id = String(client['client_id']);
  // What is not mentioned stays.
  expect(await cli.json(line`clients update ${id} --name Pay`)).toMatchObject({
    requirement: 'phishing-resistant',
  });
  expect((await cli(line`clients show ${id}`)).stdout).toContain('two factors, one phishing-resistant');
  expect((await cli(line`clients update ${id} --require much`)).exitCode).toBe(2);
});
