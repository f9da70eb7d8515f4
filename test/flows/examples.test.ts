import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { runExample } from '../support/example.ts';
import { makeApi, makeClient, makePerson, ORDERS, PASSWORD } from '../support/factories.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await makeApi(server.services);
});
afterAll(() => server.stop());

describe('the examples of the README', () => {
  test('examples/verify.ts verifies a client-credentials token through JWKS', async () => {
    const client = await makeClient(server.services, 'machine', {
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };

    const good = await runExample('examples/verify.ts', [ORDERS, token], { ISSUER: server.issuer });
    expect(good.output()).toContain(`client_id: '${client.id}'`);
    expect(await good.exitCode).toBe(0);

    const foreign = await runExample('examples/verify.ts', ['https://other.example', token], {
      ISSUER: server.issuer,
    });
    expect(await foreign.exitCode).toBe(1);
  });

  test('examples/sign-in.ts signs a person in, refreshes, introspects, revokes and sees it dead', async () => {
    const port = await freePort();
    const redirectUri = `http://localhost:${port}/callback`;
    const client = await makeClient(server.services, 'web', {
      metadata: { redirect_uris: [redirectUri] },
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    const person = await makePerson(server.services);
    const example = await runExample(
      'examples/sign-in.ts',
      [],
      {
        ISSUER: server.issuer,
        PORT: String(port),
        CLIENT_ID: client.id,
        CLIENT_SECRET: client.secret ?? '',
      },
      /http\S+\/auth\?\S+/,
    );
    const url = /http\S+\/auth\?\S+/.exec(example.output())?.[0] ?? '';
    const walker = createWalker({ origin: server.issuer });
    const signIn = await walker.visit(url);
    const consent = await walker.submit(signIn, { identifier: person.email ?? '', password: PASSWORD });
    const back = await walker.submit(consent, {}, { name: 'decision', value: 'allow' });
    const arrived = await fetch(back.leavesTo ?? '');
    expect(await arrived.text()).toContain('You can close this page');

    expect(await example.exitCode).toBe(0);
    expect(example.output()).toContain(`signed in as ${person.id}`);
    expect(example.output()).toContain(`access token for ${ORDERS}`);
    expect(example.output()).toMatch(/new one: true\nactive: true\n.*\nactive: false\nactive: false/);
  });
});
