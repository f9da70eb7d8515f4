import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { createCli, line, type Cli } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startSamlProvider, type SamlProvider } from '../support/saml-provider.ts';
import { addPerson, BASE, hasSlapd, startSlapd, type Slapd } from '../support/slapd.ts';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const ISSUER = 'https://id.example';

let database: TestDatabase;
let folder: string;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-directories-'));
  cli = createCli({ GUICHET_DATABASE_URL: database.url, GUICHET_DATA_DIR: folder, GUICHET_ISSUER: ISSUER });
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

describe('connecting a SAML provider', () => {
  let idp: SamlProvider;
  beforeAll(async () => {
    idp = await startSamlProvider();
  });
  afterAll(() => idp.stop());

  test('takes one command with its metadata, and says what its operator needs', async () => {
    const file = path.join(folder, 'metadata.xml');
    await writeFile(file, idp.metadata);
    const made = await cli.json(
      line`identity-providers create saml --name ${'The Company'} --metadata ${file} --domain company.example --map name=cn`,
    );
    expect(made).toMatchObject({
      slug: 'the-company',
      kind: 'saml',
      domains: ['company.example'],
      metadata_url: `${ISSUER}/upstream/the-company/metadata`,
      acs_url: `${ISSUER}/upstream/the-company/acs`,
      mapping: { name: 'cn', email: 'mail' },
      settings: { entity_id: idp.entityId, sso_url: idp.ssoUrl, signs_requests: false },
    });
    expect(JSON.stringify(made)).not.toContain('PRIVATE KEY');
  });

  test('follows a change of its keys from standard input, and not to another provider', async () => {
    const refresh = line`identity-providers refresh the-company --metadata -`;
    const moved = idp.metadata.replaceAll('/sso"', '/login"');
    expect(await cli.json(refresh, moved)).toMatchObject({
      settings: { sso_url: idp.ssoUrl.replace('/sso', '/login') },
    });
    const other = await cli(refresh, idp.metadata.replace(idp.entityId, 'https://other.example'));
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('of another provider')]);
  });

  test('may read it from its address, but not in the clear nor from our own network', async () => {
    const create = (name: string, url: string) =>
      cli(line`identity-providers create saml --name ${name} --metadata ${url}`);
    expect(await create('Near', idp.entityId)).toMatchObject({ exitCode: 0 });
    expect(await create('Clear', 'http://idp.example/metadata')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('over https'),
    });
    expect(await create('Private', 'https://10.0.0.1/metadata')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('egress_refused'),
    });
  });
});

describe.skipIf(!hasSlapd)('connecting a directory', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    if (!hasSlapd) return;
    slapd = await startSlapd();
    await addPerson(slapd, { uid: 'ada', password: 'a password of hers', mail: 'ada@example.org' });
  });
  afterAll(() => slapd?.stop());

  test('takes one command, with the password on standard input; check says whether it answers', async () => {
    const ca = path.join(folder, 'ca.pem');
    await writeFile(ca, slapd.ca);
    const create = line`identity-providers create ldap --name Staff --url ${slapd.ldapsUrl} --ca ${ca} --base ${BASE} --bind-dn ${slapd.reader.dn} --domain example.org`;
    const made = await cli.json(create, `${slapd.reader.password}\n`);
    expect(made).toMatchObject({
      slug: 'staff',
      kind: 'ldap',
      has_button: false,
      settings: { subject: 'entryUUID' },
    });
    expect(JSON.stringify(made)).not.toContain(slapd.reader.password);

    const seen = await cli.json(line`identity-providers check staff --identifier ada`);
    expect(seen).toMatchObject({
      entries: 1,
      email: 'ada@example.org',
      attributes: { cn: 'ada', uid: 'ada' },
    });
    expect(await cli(line`identity-providers check staff`)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Nobody is found'),
    });
    await slapd.stop();
    expect(await cli(line`identity-providers check staff`)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('ECONNREFUSED'),
    });
    slapd = await startSlapd();
  });

  test('that nobody is sent to is refused', async () => {
    const run = await cli(
      line`identity-providers create ldap --name Other --base ${BASE} --url ldaps://directory.example`,
    );
    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining('needs a domain')]);
  });
});
