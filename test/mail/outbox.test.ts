import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { queueMail } from '../../src/mail/queue-mail.ts';
import { listMails } from '../../src/mail/store.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { findAll, textOf } from '../support/html.ts';
import { mailCertificate, startMailServer, type MailServer } from '../support/mail-server.ts';
import { createNode } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Production takes no secret that is written down somewhere. */
const SECRETS = {
  GUICHET_SECRET: randomBytes(48).toString('base64url'),
  GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
};
let server: TestServer;
let walker: Walker;

beforeAll(async () => {
  server = await startTestServer({ env: { ...SECRETS, GUICHET_TRUSTED_PROXIES: '127.0.0.0/8' } });
  walker = createWalker({ origin: server.issuer });
  await queue(server, 'ines@example.org');
  await queue(server, 'ada@example.org');
});
afterAll(() => server.stop());

async function queue({ services }: TestServer, recipient: string): Promise<void> {
  const { db, clock } = services;
  const detail = { name: 'Ada', device: 'Firefox on Linux' };
  const mail = { kind: 'new-device', recipient, accountId: null, language: 'en', detail } as const;
  await db.knex.transaction((tx) => queueMail(tx, mail, clock.now()));
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const [latest] = await listMails(db.knex, { limit: 1, recipient });
    if (latest && latest.nextAttemptAt === null) return;
    await sleep(10);
  }
  throw new Error('the mail is not delivered');
}

describe('the outbox of a server in development', () => {
  test('is linked on the front page, lists the latest first, and shows a mail with its link', async () => {
    const front = await walker.visit('/');
    expect(front.html).toContain('href="/mails"');
    const list = await walker.visit('/mails');
    const rows = findAll(list.document, 'li');
    expect(rows.map(textOf)).toEqual([
      expect.stringContaining('New sign-in to Guichet to ada@example.org'),
      expect.stringContaining('New sign-in to Guichet to ines@example.org'),
    ]);
    const target = findAll(rows[0] ?? list.document, 'a')[0]?.attributes['href'] ?? '';
    const mail = await walker.visit(target);
    expect(mail.heading).toBe('New sign-in to Guichet');
    expect(mail.text).toContain('Hello Ada,');
    const links = findAll(mail.document, 'a').map(({ attributes }) => attributes['href']);
    expect(links).toEqual([`${server.issuer}/account/sessions`, `${target}/html`, '/mails']);
    const html = await walker.visit(`${target}/html`);
    expect(html.text).toContain('Hello Ada,');
    expect(html.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'unsafe-inline'/,
    );
    expect(html.headers.get('cache-control')).toBe('no-store');
  });

  test.each(['/mails/mail_0000000000000000000000', '/mails/x', '/mails/', '/mails/mail_0/html'])(
    'knows no %s',
    async (address) => expect((await walker.visit(address)).status).toBe(404),
  );

  test('shows nothing to another machine', async () => {
    const [mail] = await listMails(server.services.db.knex, { limit: 1 });
    const elsewhere = createWalker({ origin: server.issuer, headers: { 'X-Forwarded-For': '203.0.113.9' } });
    for (const address of ['/mails', `/mails/${mail?.id}`, `/mails/${mail?.id}/html`])
      expect((await elsewhere.visit(address)).status).toBe(404);
  });
});

describe('the command line', () => {
  let cli: Cli;
  beforeAll(() => {
    const { issuer, database } = server;
    cli = createCli({ ...SECRETS, GUICHET_DATABASE_URL: database.url, GUICHET_ISSUER: issuer });
  });

  test('lists mails and prints the latest, a certain one, or only its link', async () => {
    const { mails } = await cli.json(line`mails list`);
    expect(mails).toMatchObject([{ to: 'ada@example.org' }, { to: 'ines@example.org', kind: 'new-device' }]);
    const shown = await cli.json(line`mails show --to INES@example.org`);
    expect(shown).toMatchObject({ to: 'ines@example.org', subject: 'New sign-in to Guichet' });
    const link = await cli([...line`mails show ${String(shown['id'])}`, '--link']);
    expect(link).toMatchObject({ exitCode: 0, stdout: `${server.issuer}/account/sessions\n` });
    expect(await cli(line`mails show mail_0`)).toMatchObject({ exitCode: 1 });
  });

  test('has no mail server to test', async () => {
    const run = await cli(line`mails test ada@example.org`);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('no_mail_server');
  });
});

describe('a server in production', () => {
  const env = { ...SECRETS, GUICHET_MODE: 'production', GUICHET_ISSUER: 'https://login.example.org' };
  let folder: string;
  let mailServer: MailServer;
  let production: TestServer;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-mail-'));
    await writeFile(path.join(folder, 'mail.pem'), mailCertificate.certificatePem);
    mailServer = await startMailServer({ host: '127.0.0.2', tls: 'STARTTLS', password: 'secret' });
    production = await startTestServer({
      database: server.database,
      env: { ...env, GUICHET_HOST: '127.0.0.1' },
    });
  });
  afterAll(async () => {
    await production.stop();
    await mailServer.stop();
    await rm(folder, { recursive: true });
  });

  test('has no outbox, and never shows what a mail said', async () => {
    await queue(production, 'grace@example.org');
    const node = createNode(production.services.config.listen.port, env.GUICHET_ISSUER);
    const [mail] = await listMails(server.services.db.knex, { limit: 1, recipient: 'ada@example.org' });
    for (const address of ['/mails', `/mails/${mail?.id}`, `/mails/${mail?.id}/html`])
      expect((await node.call('GET', address)).status).toBe(404);
    node.close();
    const cli = createCli({ ...env, GUICHET_DATABASE_URL: server.database.url });
    expect(await cli(line`mails show --to ada@example.org --link`)).toMatchObject({ exitCode: 1 });
  });

  test('has its mail server checked by the doctor, who sends nothing, and by a test mail', async () => {
    const cli = createCli(
      {
        ...env,
        GUICHET_DATABASE_URL: server.database.url,
        GUICHET_SMTP_URL: mailServer.url,
        NODE_EXTRA_CA_CERTS: path.join(folder, 'mail.pem'),
      },
      { processes: true },
    );
    const { stdout } = await cli(line`doctor --json`);
    expect(mailFinding(stdout)).toMatchObject({ state: 'ok' });
    expect(mailServer.offered).toEqual([]);
    expect(await cli(line`mails test ada@example.org`)).toMatchObject({ exitCode: 0 });
    expect(mailServer.received).toMatchObject([{ recipients: ['ada@example.org'], isEncrypted: true }]);

    const wrong = createCli({
      ...env,
      GUICHET_DATABASE_URL: server.database.url,
      GUICHET_SMTP_URL: mailServer.url,
    });
    expect(mailFinding((await wrong(line`doctor --json`)).stdout)).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('self-signed') as unknown,
    });
    const refused = await wrong(line`mails test ada@example.org`);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('mail_not_sent');
  });
});

function mailFinding(stdout: string): unknown {
  const { checks } = JSON.parse(stdout) as { checks: { check: string }[] };
  return checks.find(({ check }) => check === 'mail');
}
