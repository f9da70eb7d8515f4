import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, DN } from 'ldapts';

import { makeCertificate } from './certificates.ts';
import { freePort } from './server.ts';

/** A real directory (OpenLDAP's slapd, Debian's package) in a folder of its own, with StartTLS and ldaps. */
export interface Slapd {
  readonly ldapUrl: string;
  readonly ldapsUrl: string;
  /** What its certificate is to be checked by. */
  readonly ca: string;
  readonly base: string;
  readonly reader: { readonly dn: string; readonly password: string };
  /** As the directory's own administrator. */
  admin<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Stops answering without closing connections, and goes on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface DirectoryPerson {
  readonly uid: string;
  readonly password: string;
  readonly mail?: string;
  /** Further attributes, and object classes that allow them. */
  readonly more?: Readonly<Record<string, string | string[]>>;
  readonly classes?: readonly string[];
}

export const BASE = 'dc=example,dc=org';
const ROOT = { dn: `cn=admin,${BASE}`, password: 'the administrator of the directory' };
const READER = { dn: `cn=reader,${BASE}`, password: 'may look, and nothing else' };
const PROGRAM = '/usr/sbin/slapd';

/** For `describe.skipIf(!hasSlapd)`. */
export const hasSlapd = spawnSync(PROGRAM, ['-VV']).status === 0;
if (!hasSlapd) process.stderr.write('Tests with a directory are skipped: there is no slapd.\n');

export async function startSlapd(): Promise<Slapd> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-slapd-'));
  const { certificatePem, keyPem } = makeCertificate('localhost');
  await mkdir(path.join(folder, 'data'));
  await writeFile(path.join(folder, 'certificate.pem'), certificatePem);
  await writeFile(path.join(folder, 'key.pem'), keyPem, { mode: 0o600 });
  await writeFile(path.join(folder, 'slapd.conf'), configuration(folder));

  const ldapUrl = `ldap://localhost:${await freePort()}`;
  const ldapsUrl = `ldaps://localhost:${await freePort()}`;
  const child = spawn(
    PROGRAM,
    ['-d', '0', '-h', `${ldapUrl} ${ldapsUrl}`, '-f', path.join(folder, 'slapd.conf')],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit');

  async function admin<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url: ldapUrl, timeout: 5_000, connectTimeout: 5_000 });
    try {
      await client.bind(ROOT.dn, ROOT.password);
      return await work(client);
    } finally {
      await client.unbind();
    }
  }

  async function untilReady(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (child.exitCode !== null) break;
      const isReady = await admin(async () => true).catch(() => false);
      if (isReady) return;
      await sleep(20);
    }
    throw new Error(`slapd did not start:\n${output}`);
  }

  await untilReady();
  await admin(addRoots);
  return {
    ldapUrl,
    ldapsUrl,
    ca: certificatePem,
    base: BASE,
    reader: READER,
    admin,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the entry's name. */
export async function addPerson(
  slapd: Slapd,
  { uid, password, mail, more = {}, classes = [] }: DirectoryPerson,
): Promise<string> {
  const dn = `${new DN({ uid }).toString()},ou=people,${BASE}`;
  await slapd.admin((client) =>
    client.add(dn, {
      objectClass: ['inetOrgPerson', ...classes],
      uid,
      cn: uid,
      sn: uid,
      userPassword: password,
      ...(mail === undefined ? {} : { mail }),
      ...more,
    }),
  );
  return dn;
}

async function addRoots(client: Client): Promise<void> {
  await client.add(BASE, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' });
  for (const ou of ['people', 'groups']) {
    await client.add(`ou=${ou},${BASE}`, { objectClass: 'organizationalUnit', ou });
  }
  await client.add(READER.dn, {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'reader',
    userPassword: READER.password,
  });
}

/** Binding with a name and no password is allowed on purpose: many directories do, and succeed. */
function configuration(folder: string): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'adPerson' SUP top AUXILIARY MAY ( userAccountControl $ accountExpires $ objectGUID ) )
pidfile ${folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
allow bind_anon_dn
TLSCertificateFile ${folder}/certificate.pem
TLSCertificateKeyFile ${folder}/key.pem
database mdb
suffix "${BASE}"
rootdn "${ROOT.dn}"
rootpw "${ROOT.password}"
directory ${folder}/data
dbnosync
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${READER.dn}" read by anonymous auth by * none
`;
}
