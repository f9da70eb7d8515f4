import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/config.ts';
import { createSeal, type Seal } from '../../src/crypto/seal.ts';
import { openBus, type Bus } from '../../src/db/listen.ts';
import { createLogger } from '../../src/log.ts';
import { startMailDelivery } from '../../src/mail/deliver-mail.ts';
import type { NewMail } from '../../src/mail/mail.ts';
import type { Preparations } from '../../src/mail/preparation.ts';
import { queueMail } from '../../src/mail/queue-mail.ts';
import { listMails, type StoredMail } from '../../src/mail/store.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { dumpDatabase, isIn } from '../support/dump.ts';
import { freePort, spawnTestServer, TEST_SECRETS } from '../support/server.ts';
import {
  mailCertificate,
  startMailServer,
  trustMailCertificate,
  type MailServer,
  type MailServerOptions,
} from '../support/mail-server.ts';

const PASSWORD = 'p@ss/word:with+signs';
const TOKEN = 'Zk3vQ8Yw1oX2nB7tR5uC9eD4fG6hJ0kLmPsT1vWxy';
const log = createLogger({ level: 'silent' });
const config: Config = loadConfig({ ...TEST_SECRETS, GUICHET_MAIL_FROM: 'Atelier <login@example.org>' });
const seal: Seal = createSeal(config.secrets.encryptionKeys);
let clock = createTestClock();
let database: TestDatabase;
let bus: Bus;
let distrust: () => void;
let folder: string;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  distrust = trustMailCertificate();
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-mail-'));
  database = await createTestDatabase();
  bus = openBus({ connection: database.connection, log });
  await bus.ready();
});
beforeEach(async () => {
  clock = createTestClock();
  await database.db.knex('mails').delete();
});
afterEach(stopAll);
afterAll(async () => {
  await bus.close();
  await database.drop();
  await rm(folder, { recursive: true });
  distrust();
});

async function stopAll(): Promise<void> {
  for (const each of running.splice(0).toReversed()) await each.stop();
}

async function startServer(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await startMailServer({ password: PASSWORD, ...options });
  running.push(server);
  return server;
}

function startDelivery(
  smtpUrl: string | undefined,
  { mode = 'development', preparations = {} }: { mode?: Config['mode']; preparations?: Preparations } = {},
): void {
  const mail = { smtpUrl, from: config.mail.from };
  const context = { config: { ...config, mode, mail }, clock, db: database.db, bus, seal, log };
  running.push(startMailDelivery(context, preparations));
}

const NOTICE: NewMail = {
  kind: 'new-device',
  recipient: 'ada@example.org',
  accountId: null,
  language: 'en',
  detail: { name: 'Ada', device: 'Firefox on Linux', address: '203.0.113.7' },
};

async function queue(mail: Partial<NewMail> = {}): Promise<void> {
  await database.db.knex.transaction((tx) => queueMail(tx, { ...NOTICE, ...mail }, clock.now()));
}

/** The one mail there is, once it is as it should be. */
async function untilMail(is: (mail: StoredMail) => boolean): Promise<StoredMail> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const [mail] = await listMails(database.db.knex, { limit: 1 });
    if (mail && is(mail)) return mail;
    await sleep(10);
  }
  throw new Error(`still ${JSON.stringify(await listMails(database.db.knex, { limit: 1 }))}`);
}

/** Wakes the delivery, as the passing of time would. */
async function wake(): Promise<void> {
  await database.db.knex.raw(`SELECT pg_notify('guichet_mail', '')`);
}

test('a queued mail arrives over TLS, after signing in, with both forms and a Message-ID of its own', async () => {
  const server = await startServer();
  startDelivery(server.url);
  await queue();
  await server.untilReceived(1);
  const [{ mail, from, recipients, isEncrypted, user } = never()] = server.received;
  expect({ from, recipients, isEncrypted, user }).toEqual({
    from: 'login@example.org',
    recipients: ['ada@example.org'],
    isEncrypted: true,
    user: 'guichet',
  });
  const stored = await untilMail(({ sentAt }) => sentAt !== null);
  expect(stored).toMatchObject({ attempts: 1, nextAttemptAt: null, lastError: null, message: null });
  expect(mail.messageId).toBe(`<${stored.id}@localhost>`);
  expect(mail.date).toEqual(clock.now());
  expect(mail.from?.text).toBe('"Atelier" <login@example.org>');
  expect(mail.subject).toBe('New sign-in to Guichet');
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  for (const part of [mail.text, mail.html]) {
    expect(part).toContain('Hello Ada,');
    expect(part).toContain('Firefox on Linux');
    expect(part).toContain(`${config.issuer}/account/sessions`);
  }
  expect(mail.attachments).toEqual([]);
});

test('a mail is in the language it was queued in', async () => {
  const server = await startServer();
  startDelivery(server.url);
  await queue({ language: 'fr', kind: 'password-changed' });
  await server.untilReceived(1);
  expect(server.received[0]?.mail.subject).toBe('Votre mot de passe pour Guichet a changé');
  expect(server.received[0]?.mail.headers.get('content-language')).toBe('fr');
});

test('the link of a mail is made when it is sent, and nobody finds it in the database', async () => {
  const dumps: string[] = [];
  const answer = async (): Promise<undefined> => void dumps.push(await dumpDatabase(database.db));
  const server = await startServer({ answer });
  const preparations: Preparations = {
    'password-reset': (mail) =>
      Promise.resolve({
        template: 'password-reset',
        locals: { path: `/links/${TOKEN}`, validSeconds: 3600, name: mail.detail['name'] },
      }),
  };
  startDelivery(server.url, { preparations });
  await queue({ kind: 'password-reset' });
  await server.untilReceived(1);
  expect(server.received[0]?.mail.text).toContain(`${config.issuer}/links/${TOKEN}`);
  await untilMail(({ sentAt }) => sentAt !== null);
  dumps.push(await dumpDatabase(database.db));
  for (const dump of dumps) expect(isIn(dump, TOKEN)).toBe(false);
});

test('whoever takes over from a process that fell silent sends the same link, not another one', async () => {
  const held = Promise.withResolvers<void>();
  const server = await startServer({ answer: () => held.promise.then(() => undefined) });
  let prepared = 0;
  const preparations: Preparations = {
    registration: () => {
      prepared += 1;
      const path = `/links/${TOKEN}${prepared}`;
      return Promise.resolve({ template: 'registration', locals: { path, validSeconds: 60 } });
    },
  };
  startDelivery(server.url, { preparations });
  await queue({ kind: 'registration' });
  while (server.offered.length === 0) await sleep(10);
  clock.advance(181);
  startDelivery(server.url, { preparations });
  while (server.offered.length === 1) await sleep(10);
  held.resolve();
  expect(server.offered[1]?.mail.text).toBe(server.offered[0]?.mail.text);
  expect(prepared).toBe(1);
});

test('a mail that has nothing to say any more is not sent', async () => {
  const server = await startServer();
  startDelivery(server.url, { preparations: { invitation: () => Promise.resolve(undefined) } });
  await queue({ kind: 'invitation' });
  const mail = await untilMail(({ nextAttemptAt }) => nextAttemptAt === null);
  expect(mail).toMatchObject({ sentAt: null, attempts: 1 });
  expect(server.offered).toEqual([]);
});

test('a server that was away gets each mail once when it is back, with ever longer waits between', async () => {
  const port = await freePort();
  startDelivery(`smtps://guichet:${encodeURIComponent(PASSWORD)}@localhost:${port}`);
  await queue();
  const waits: number[] = [];
  for (const attempts of [1, 2, 3]) {
    const { nextAttemptAt, lastError } = await untilMail(
      (mail) => mail.attempts === attempts && mail.lastError !== null && isUnclaimed(mail),
    );
    expect(lastError).toContain('ECONNREFUSED');
    waits.push(((nextAttemptAt?.getTime() ?? 0) - clock.now().getTime()) / 1000);
    clock.advance(waits.at(-1) ?? 0);
    if (attempts < 3) await wake();
  }
  expect(waits).toEqual([5, 10, 20]);
  const server = await startServer({ port });
  await wake();
  await server.untilReceived(1);
  await untilMail(({ sentAt }) => sentAt !== null);
  await wake();
  await sleep(50);
  expect(server.received).toHaveLength(1);
});

/** Between two attempts, and not within one. */
function isUnclaimed({ nextAttemptAt }: StoredMail): boolean {
  return nextAttemptAt !== null && nextAttemptAt.getTime() - clock.now().getTime() < 180_000;
}

test('what is refused for now (450) is tried again; what is refused for good (550) is not, and says why', async () => {
  let code: number | undefined = 450;
  const server = await startServer({ answer: () => code });
  startDelivery(server.url);
  await queue();
  const deferred = await untilMail(({ lastError }) => lastError !== null);
  expect(deferred).toMatchObject({ attempts: 1, sentAt: null, message: null });
  expect(deferred.lastError).toContain('450');
  clock.advance(5);
  code = 550;
  await wake();
  const refused = await untilMail(({ nextAttemptAt }) => nextAttemptAt === null);
  expect(refused).toMatchObject({ attempts: 2, sentAt: null });
  expect(refused.lastError).toContain('550');
  // What a server quotes may be the link itself.
  expect(refused.lastError).not.toContain('https:');
  expect(server.offered.map(({ mail }) => mail.messageId)).toEqual([
    `<${refused.id}@localhost>`,
    `<${refused.id}@localhost>`,
  ]);
});

test('an address that does not exist is given up at once', async () => {
  const server = await startServer({ answerRecipient: () => 550 });
  startDelivery(server.url);
  await queue();
  const mail = await untilMail(({ nextAttemptAt }) => nextAttemptAt === null);
  expect(mail).toMatchObject({ attempts: 1, sentAt: null });
});

test('a wrong password is not the recipient’s fault: the mail stays, for a day', async () => {
  const server = await startServer({ password: 'another' });
  startDelivery(server.url.replace('another', 'wrong'));
  await queue();
  const mail = await untilMail(({ lastError }) => lastError !== null);
  expect(mail.nextAttemptAt).not.toBeNull();
  expect(mail.lastError).toContain('535');
  clock.advance(24 * 3600 + 1);
  await wake();
  expect(await untilMail(({ nextAttemptAt }) => nextAttemptAt === null)).toMatchObject({ sentAt: null });
});

test.each<{ why: string; options: MailServerOptions; mode: Config['mode']; reason: string }>([
  {
    why: 'production, a server elsewhere without TLS',
    options: { host: '127.0.0.2', tls: 'none' },
    mode: 'production',
    reason: 'STARTTLS',
  },
  {
    why: 'development, a password to a server elsewhere without TLS',
    options: { host: '127.0.0.2', tls: 'none', password: PASSWORD },
    mode: 'development',
    reason: 'STARTTLS',
  },
])('nothing is sent unencrypted over a network: $why', async ({ options, mode, reason }) => {
  const server = await startMailServer(options);
  running.push(server);
  startDelivery(server.url, { mode });
  await queue();
  expect((await untilMail(({ lastError }) => lastError !== null)).lastError).toContain(reason);
  expect(server.offered).toEqual([]);
});

test('STARTTLS is used, and a certificate that nobody vouches for is refused', async () => {
  const server = await startServer({ host: '127.0.0.2', tls: 'STARTTLS' });
  startDelivery(server.url, { mode: 'production' });
  await queue();
  await server.untilReceived(1);
  expect(server.received[0]?.isEncrypted).toBe(true);
  await untilMail(({ sentAt }) => sentAt !== null);

  await stopAll();
  distrust();
  try {
    await database.db.knex('mails').delete();
    const other = await startServer();
    startDelivery(`${other.url}?tls.rejectUnauthorized=false&ignoreTLS=true`);
    await queue();
    expect((await untilMail(({ lastError }) => lastError !== null)).lastError).toContain('self-signed');
    expect(other.offered).toEqual([]);
  } finally {
    distrust = trustMailCertificate();
  }
});

test('no name and no address adds a header or a recipient', async () => {
  const server = await startServer();
  startDelivery(server.url);
  const injection = 'Eve\r\nBcc: eve@example.net\r\n\r\nHello';
  await queue({ detail: { name: injection, device: injection, client: injection, address: injection } });
  await server.untilReceived(1);
  const [{ recipients, raw, mail } = never()] = server.received;
  expect(recipients).toEqual(['ada@example.org']);
  expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).not.toContain('eve@example.net');
  expect(mail.text).not.toContain('eve@example.net');

  await database.db.knex('mails').delete();
  for (const recipient of ['ada@example.org\r\nBcc: eve@example.net', 'ada@example.org, eve@example.net'])
    await queue({ recipient });
  await untilMail(({ lastError, sentAt }) => lastError !== null || sentAt !== null);
  await sleep(50);
  for (const { recipients } of server.received) expect(recipients).not.toContain('eve@example.net');
});

test('without a mail server, development keeps mails sealed, and production gives them up', async () => {
  startDelivery(undefined);
  await queue();
  const kept = await untilMail(({ sentAt }) => sentAt !== null);
  expect(kept.message).not.toBeNull();
  expect(isIn(await dumpDatabase(database.db), 'Somebody signed in')).toBe(false);

  await stopAll();
  await database.db.knex('mails').delete();
  startDelivery(undefined, { mode: 'production' });
  await queue();
  expect(await untilMail(({ nextAttemptAt }) => nextAttemptAt === null)).toMatchObject({
    sentAt: null,
    message: null,
    lastError: 'there is no mail server',
  });
});

test('two processes send each mail once; one that is killed while it sends leads to the same mail again', async () => {
  const held = Promise.withResolvers<void>();
  let isHolding = true;
  const server = await startServer({
    async answer() {
      if (isHolding) await held.promise;
      return undefined;
    },
  });
  const certificate = path.join(folder, 'mail.pem');
  await writeFile(certificate, mailCertificate.certificatePem);
  const env = {
    GUICHET_SMTP_URL: server.url,
    GUICHET_MAIL_FROM: config.mail.from,
    NODE_EXTRA_CA_CERTS: certificate,
  };
  clock = { now: () => new Date(), advance: () => {} };
  const killed = await spawnTestServer(database, env);
  await queue();
  while (server.offered.length === 0) await sleep(10);
  await killed.kill();
  held.resolve();
  isHolding = false;
  // Its claim is over; nothing but time would show that.
  await database.db.knex('mails').update({ next_attempt_at: new Date() });

  const other = await spawnTestServer(database, env);
  try {
    startDelivery(server.url);
    await untilMail(({ sentAt }) => sentAt !== null);
    const [first, second] = server.offered;
    expect(second?.mail.messageId).toBe(first?.mail.messageId);
    expect(second?.mail.text).toBe(first?.mail.text);

    const before = server.received.length;
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => queue({ recipient: `p${index}@example.org` })),
    );
    await server.untilReceived(before + 60);
    await untilAllSent();
    expect(server.received).toHaveLength(before + 60);
    expect(new Set(server.received.slice(before).map(({ recipients }) => recipients[0])).size).toBe(60);
  } finally {
    await other.stop();
  }
});

async function untilAllSent(): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const [row] = await database.db.knex('mails').whereNull('sent_at').count({ open: '*' });
    if (Number(row?.['open']) === 0) return;
    await sleep(10);
  }
  throw new Error('some mails are not sent');
}

function never(): never {
  throw new Error('nothing arrived');
}
