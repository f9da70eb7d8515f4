import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { updateAccount } from '../../src/accounts/update-account.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { importUsers } from '../../src/commands/user-import.ts';
import { authorizationPath, makeApp, type App } from '../support/app.ts';
import { createWalker, type Page } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makeApi, makeClient } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const PASSWORD = 'correct horse battery';

let server: TestServer;
let folder: string;
let cli: Cli;
let app: App;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-import-'));
  cli = createCli({ GUICHET_DATABASE_URL: server.database.url, GUICHET_DATA_DIR: folder });
  await makeApi(server.services);
  app = await makeApp(server.services);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function lines(...records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** The command's own action, which is a process less than the command. */
async function run(file: string, options: Readonly<Record<string, unknown>> = {}) {
  const context: CommandContext = { ...server.services, [Symbol.asyncDispose]: () => Promise.resolve() };
  return importUsers(context, { args: [file], options });
}

async function importRecords(records: readonly unknown[], options: Readonly<Record<string, unknown>> = {}) {
  const file = path.join(folder, `${randomBytes(6).toString('hex')}.jsonl`);
  await writeFile(file, lines(...records));
  return (await run(file, options)).json;
}

const find = (identifier: string) => findAccountByIdentifier(server.database.db.knex, identifier);

function ssha(password: string): string {
  const salt = randomBytes(8);
  return `{SSHA}${Buffer.concat([createHash('sha1').update(password).update(salt).digest(), salt]).toString('base64')}`;
}

async function signIn(identifier: string, password: string): Promise<Page> {
  const walker = createWalker({ origin: server.issuer });
  const page = await walker.visit(authorizationPath(app));
  return walker.submit(page, { identifier, password }, { form: '/sign-in' });
}

async function storedHash(id: string): Promise<string> {
  const [row] = await server.database.db
    .knex('accounts')
    .where({ id })
    .select<{ password_hash: string }[]>('password_hash');
  return row?.password_hash ?? '';
}

const ADA = {
  id: 'e1b2c3d4-0000-4000-8000-00000000ada0',
  username: 'ada',
  email: 'Ada@Example.org',
  email_verified: true,
  name: 'Ada Lovelace',
  address: { country: 'UK' },
  password_hash: '$2y$05$X3hUey/LZBxj.B5mTL0LP.NrEuSVLLQINAAWqVxqP9wosI93jJfiy',
  created_at: '2019-08-07T06:05:04Z',
};

describe.sequential('people of another system', () => {
  test('keep their id, and sign in with their password; what is stored of it is ours from then on', async () => {
    const input = lines(ADA, {
      id: 'ldap-7',
      username: 'grace',
      password_hash: ssha(PASSWORD),
      disabled: null,
    });
    expect(await cli.json(line`users import -`, input)).toMatchObject({ lines: 2, imported: 2, refused: 0 });
    expect(await find('ada')).toMatchObject({
      id: ADA.id,
      email: 'ada@example.org',
      emailVerified: true,
      profile: { name: 'Ada Lovelace', address: { country: 'UK' } },
      createdAt: new Date(ADA.created_at),
      hasPassword: true,
    });
    for (const [name, id] of [
      ['ada', ADA.id],
      ['grace', 'ldap-7'],
    ] as const) {
      expect(await storedHash(id)).toMatch(/^\$imported-(?:bcrypt|sha1)\$/);
      expect((await signIn(name, 'not it')).status).toBe(422);
      expect((await signIn(name, PASSWORD)).leavesTo?.searchParams.get('code')).toBeTruthy();
      expect(await storedHash(id)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=/);
      expect((await signIn(name, PASSWORD)).leavesTo?.searchParams.get('code')).toBeTruthy();
    }
  });

  test('a hash that is fast to compute is nowhere in the database', async () => {
    const hash = ssha(PASSWORD);
    await importRecords([{ id: 'ldap-8', username: 'hedy', password_hash: hash }]);
    const { rows } = await server.database.db.knex.raw<{ rows: { text: string }[] }>(
      `SELECT a::text AS text FROM accounts a UNION ALL SELECT e::text FROM audit_events e`,
    );
    const dump = rows.map(({ text }) => text).join('\n');
    const digest = Buffer.from(hash.slice('{SSHA}'.length), 'base64').subarray(0, 20);
    for (const form of ['base64', 'hex'] as const)
      expect(dump).not.toContain(digest.toString(form).slice(0, 24));
    expect(dump).toContain('hedy');
  });

  test('what is run again imports nothing twice, and changes nobody', async () => {
    const profile = { name: 'Countess of Lovelace' };
    await updateAccount(server.services, ADA.id, { profile }, 'test');
    const input = [ADA, { id: 'new-1', email: 'new@example.org' }];
    expect(await importRecords(input)).toMatchObject({ imported: 1, already_there: 1 });
    expect(await importRecords(input)).toMatchObject({ imported: 0, already_there: 2 });
    expect(await find('ada')).toMatchObject({ profile });
    expect(await storedHash(ADA.id)).toMatch(/^\$argon2id\$/);
  });

  test('the audit log has one event per batch, with counts and no names', async () => {
    const rows: { detail: unknown; actor: string }[] = await server.database.db
      .knex('audit_events')
      .where({ type: 'accounts.imported' })
      .select('detail', 'actor')
      .orderBy('id');
    expect(rows).toMatchObject([
      { actor: 'cli', detail: { imported: 2, alreadyThere: 0, conflicts: 0 } },
      { detail: { imported: 1 } },
      { detail: { imported: 1, alreadyThere: 1 } },
    ]);
  });

  test('a disabled account stays so', async () => {
    await importRecords([{ id: 'x-9', username: 'mallory', password_hash: ssha(PASSWORD), disabled: true }]);
    expect((await signIn('mallory', PASSWORD)).status).toBe(422);
  });
});

describe.sequential('a file with faults', () => {
  let file: string;

  beforeAll(async () => {
    const machine = await makeClient(server.services, 'machine', { id: 'batch-runner' });
    file = path.join(folder, 'faults.jsonl');
    await writeFile(
      file,
      [
        '\ufeff{"id":"f-1","email":"f1@example.org"}\r',
        '',
        'not JSON',
        '[]',
        JSON.stringify({ email: 'noid@example.org' }),
        JSON.stringify({ id: 'f-5' }),
        JSON.stringify({ id: 'f-6', email: 'f6@example.org', password: 'hunter2' }),
        JSON.stringify({ id: 'f-7', email: 'f7@example.org', e_mail: 'typo' }),
        JSON.stringify({ id: 'f-8', email: 'no address' }),
        JSON.stringify({ id: 'f-9', email: 'f9@example.org', password_hash: 'hunter2' }),
        JSON.stringify({ id: 'sub with blanks', email: 'f10@example.org' }),
        JSON.stringify({ id: 'é', email: 'f11@example.org' }),
        JSON.stringify({ id: 'x'.repeat(256), email: 'f12@example.org' }),
        JSON.stringify({ id: 'cli_f13', email: 'f13@example.org' }),
        JSON.stringify({ id: machine.id, email: 'f14@example.org' }),
        JSON.stringify({ id: 'f-15', email: 'F1@EXAMPLE.org' }),
        JSON.stringify({ id: 'f-1', email: 'f16@example.org' }),
        JSON.stringify({ id: 'f-17', username: 'ADA' }),
        JSON.stringify({ id: 'f-18', email: 'f18@example.org', created_at: '2999-01-01T00:00:00Z' }),
        JSON.stringify({ id: 'f-19', email: 'f19@example.org', created_at: 'yesterday' }),
        JSON.stringify({
          id: 'f-20',
          email: 'f20@example.org',
          credentials: [{ type: 'password', value: 'hunter2' }],
        }),
        JSON.stringify({ id: 'f-21', email: 'f21@example.org', passwordHash: 'AAAA', salt: 'AAAA' }),
        JSON.stringify({
          id: 'f-22',
          email: 'f22@example.org',
          password_hash: '$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
        }),
        JSON.stringify({ id: 'f-23', email: 'f23@example.org', name: 'x'.repeat(200_000) }),
        JSON.stringify({ id: 'f-24', email: 'f24@example.org', name: 'nul\0' }),
        JSON.stringify({ id: 'f-25', email: 'f25@example.org' }),
      ].join('\n'),
    );
  });

  const expected = [
    [3, undefined, /not JSON/],
    [4, undefined, /not a JSON object/],
    [5, undefined, /^id: it is needed/],
    [6, 'f-5', /username or an e-mail address/],
    [7, 'f-6', /holds a password/],
    [8, 'f-7', /no field e_mail/],
    [9, 'f-8', /e-mail/i],
    [10, 'f-9', /form is not known/],
    [11, 'sub with blanks', /printable ASCII/],
    [12, 'é', /printable ASCII/],
    [13, undefined, /1 to 255/],
    [14, 'cli_f13', /cli_/],
    [15, 'batch-runner', /client has this id/],
    [16, 'f-15', /Line 1 has the same email/],
    [17, 'f-1', /Line 1 has the same id/],
    [18, 'f-17', /Another account has this username/],
    [19, 'f-18', /future/],
    [20, 'f-19', /created_at must be/],
    [21, 'f-20', /holds a password/],
    [22, 'f-21', /--firebase-hash-config/],
    [23, 'f-22', /from 4 to 14/],
    [24, undefined, /longer than/],
    [25, 'f-24', /control characters/],
  ] as const;

  test('a rehearsal says what is wrong with which line, and changes nothing', async () => {
    const before = await server.database.db.knex('accounts').count();
    const errors = path.join(folder, 'errors.jsonl');
    const rehearsal = await cli(line`users import ${file} --dry-run --errors ${errors} --json`);
    expect(rehearsal.exitCode).toBe(1);
    expect(JSON.parse(rehearsal.stdout)).toMatchObject({
      dry_run: true,
      lines: 25,
      imported: 2,
      refused: 23,
      already_there: 0,
      stopped: false,
    });
    const found = (await readFile(errors, 'utf8'))
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as unknown);
    expect(found).toEqual(
      expected.map(([line, id, problem]) =>
        Object.assign({ line, problem: expect.stringMatching(problem) }, id === undefined ? {} : { id }),
      ),
    );
    expect(await server.database.db.knex('accounts').count()).toEqual(before);
    expect((await stat(errors)).mode & 0o077).toBe(0);
    expect(`${rehearsal.stdout}${rehearsal.stderr}${await readFile(errors, 'utf8')}`).not.toContain(
      'hunter2',
    );
  });

  test('a conflict stops before its batch', async () => {
    const { exitCode, text } = await run(file);
    expect(exitCode).toBe(1);
    expect(text).toMatch(/^Stopped at a conflict/);
    expect(text).not.toContain('hunter2');
    expect(await find('f1@example.org')).toBeUndefined();
  });

  test('or is left out, and the good lines are in', async () => {
    const { exitCode, json } = await run(file, { onConflict: 'skip' });
    expect(exitCode).toBe(1);
    expect(json).toMatchObject({ imported: 2, skipped: 4, refused: 19, stopped: false });
    expect(await find('f1@example.org')).toMatchObject({ id: 'f-1' });
    expect(await find('f25@example.org')).toMatchObject({ hasPassword: false });
  });

  test('one document is not lines', async () => {
    const documents = ['[\n{"id":"a"}\n]', '{\n"users": []\n}', '[{"id":"a"}]'];
    for (const [index, text] of documents.entries()) {
      const document = path.join(folder, `document-${index}.json`);
      await writeFile(document, text);
      await expect(run(document)).rejects.toThrow(/jq/);
    }
    await expect(run(path.join(folder, 'nothing'))).rejects.toThrow(/cannot be read/);
    expect(await cli(line`users import - --from okta`)).toMatchObject({ exitCode: 2 });
  });
});

test('a client cannot be given the id of somebody who was imported', async () => {
  await expect(makeClient(server.services, 'machine', { id: 'ldap-7' })).rejects.toMatchObject({
    code: 'client_id_taken',
  });
});

test('what ended in the middle is finished by running it again', async () => {
  const people = Array.from({ length: 2500 }, (_, index) => ({
    id: `m-${index}`,
    email: `m${index}@example.org`,
  }));
  // As after a crash: the first batch is committed, and the rest is not.
  await importRecords(people.slice(0, 1000));
  expect(await importRecords(people)).toMatchObject({
    lines: 2500,
    imported: 1500,
    already_there: 1000,
  });
});

describe('exports of products', () => {
  const KEYCLOAK = {
    id: '5f7d3c1e-6b0a-4d53-9c7f-0d2d6e0f8a11',
    createdTimestamp: 1_600_000_000_000,
    username: 'kc@example.org',
    enabled: true,
    totp: false,
    emailVerified: true,
    firstName: 'Kay',
    lastName: 'Cloak',
    email: 'kc@example.org',
    credentials: [
      { type: 'otp', secretData: '{}', credentialData: '{}' },
      {
        type: 'password',
        secretData:
          '{"value":"LuA/wjJXySeOUqnNzTg4M3w7Mg3x4kh0WpajZMKnyeeIarsayaEYee0VpGN3/SPVl0GbuspoQSCbfMC2e1Dj5Q==","salt":"AAECAwQFBgcICQoLDA0ODw=="}',
        credentialData: '{"hashIterations":2750,"algorithm":"pbkdf2-sha256"}',
      },
    ],
    disableableCredentialTypes: [],
    requiredActions: [],
    realmRoles: ['user'],
    groups: [],
  };
  const FIREBASE = {
    localId: 'KxPPBsUGUSVyBbRIFyAb6bAZQcq1',
    email: 'fb@example.org',
    emailVerified: false,
    passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
    salt: '42xEC+ixf3L2lw==',
    displayName: '',
    createdAt: '1600000000000',
    providerUserInfo: [],
  };
  const AUTH0 = {
    _id: { $oid: '60425dc43519d90068f82973' },
    email: 'a0@example.org',
    email_verified: false,
    passwordHash: '$2b$05$CCCCCCCCCCCCCCCCCCCCC.D7RDOYXakZhsFmh/LdqQNx0kQ424AFS',
    password_set_date: { $date: '2021-03-05T16:34:05.502Z' },
    tenant: 'example',
    connection: 'Username-Password-Authentication',
  };

  test('Keycloak, Firebase and Auth0: their people sign in', async () => {
    const config = path.join(folder, 'hash-config.txt');
    await writeFile(
      config,
      'hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n',
    );
    await importRecords([KEYCLOAK], { from: 'keycloak' });
    await importRecords([FIREBASE], { from: 'firebase', firebaseHashConfig: config });
    await importRecords([AUTH0], { from: 'auth0' });
    for (const [email, id, password] of [
      ['kc@example.org', KEYCLOAK.id, PASSWORD],
      ['fb@example.org', FIREBASE.localId, 'user1password'],
      ['a0@example.org', 'auth0|60425dc43519d90068f82973', 'x'.repeat(72)],
    ] as const) {
      expect(await find(email)).toMatchObject({ id, hasPassword: true });
      expect((await signIn(email, password)).leavesTo?.searchParams.get('code')).toBeTruthy();
    }
  });
});
