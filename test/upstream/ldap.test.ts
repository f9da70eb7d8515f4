import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { AppError } from '../../src/errors.ts';
import { checkDirectory, signInToDirectory, type Directory } from '../../src/upstream/ldap.ts';
import { findAbsent } from '../../src/upstream/ldap-presence.ts';
import { ldapSettings, type LdapSettings } from '../../src/upstream/ldap-settings.ts';
import { makeCertificate } from '../support/certificates.ts';
import { createTestClock } from '../support/clock.ts';
import { addPerson, BASE, hasSlapd, startSlapd, type Slapd } from '../support/slapd.ts';

const clock = createTestClock();
const ctx = { clock, config: { egressAllow: [] } };
const PASSWORD = 'a password that only the directory knows';
const FILTER = '(|(uid={identifier})(mail={identifier}))';
const MAPPING = { email: 'mail', name: 'cn', given_name: 'givenName' };

let slapd: Slapd;

beforeAll(async () => {
  if (!hasSlapd) return;
  slapd = await startSlapd();
  await addPerson(slapd, {
    uid: 'ada',
    password: PASSWORD,
    mail: 'ada@example.org',
    more: { givenName: ['Ada', 'Augusta'] },
  });
  await addPerson(slapd, { uid: 'eve', password: PASSWORD, mail: 'twice@example.org' });
  await addPerson(slapd, { uid: 'mallory', password: PASSWORD, mail: 'twice@example.org' });
  await addPerson(slapd, { uid: 'a*(b)\\c', password: PASSWORD });
  await slapd.admin((client) =>
    client.add(`cn=engineers,ou=groups,${BASE}`, {
      objectClass: 'groupOfNames',
      cn: 'engineers',
      member: `uid=ada,ou=people,${BASE}`,
    }),
  );
});

afterAll(() => slapd?.stop());

function directory(changes: Partial<LdapSettings> = {}, more: Partial<Directory> = {}): Directory {
  const settings = ldapSettings.parse({
    url: slapd.ldapsUrl,
    startTls: false,
    ca: slapd.ca,
    base: BASE,
    bindDn: slapd.reader.dn,
    filter: FILTER,
    subject: 'entryUUID',
    isDefault: false,
    ...changes,
  });
  return { settings, mapping: MAPPING, bindPassword: slapd.reader.password, ...more };
}

function signIn(identifier: string, password = PASSWORD, at: Directory = directory()) {
  return signInToDirectory(ctx, at, { identifier, password });
}

function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing thrown',
    (error: unknown) => (error instanceof AppError ? `${error.code}: ${String(error.cause)}` : error),
  );
}

describe.skipIf(!hasSlapd)('signing in to a directory', () => {
  test('who the person is comes from the directory, under an id that stays', async () => {
    const byName = await signIn('ada');
    const byMail = await signIn('ADA@example.org');
    expect(byName).toEqual(byMail);
    expect(byName).toMatchObject({
      ok: true,
      identity: {
        issuer: `ldap:///${BASE}`,
        subject: expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        sid: null,
        email: 'ada@example.org',
        attributes: {
          cn: 'ada',
          givenName: ['Ada', 'Augusta'],
          memberOf: [`cn=engineers,ou=groups,${BASE}`],
        },
      },
    });
  });

  test('with StartTLS, too', async () => {
    expect(await signIn('ada', PASSWORD, directory({ url: slapd.ldapUrl, startTls: true }))).toMatchObject({
      ok: true,
    });
  });

  test.each([
    ['a wrong password', 'ada', 'another', 'wrong-password'],
    ['no password, which the directory lets in', 'ada', '', 'wrong-password'],
    ['a password behind a NUL', 'ada', `${PASSWORD}\0`, 'wrong-password'],
    ['somebody unknown', 'nobody', PASSWORD, 'unknown'],
    ['two people of one address', 'twice@example.org', PASSWORD, 'ambiguous'],
    ['a filter instead of a name', '*)(uid=*', PASSWORD, 'unknown'],
    ['a filter that closes ours', 'ada)(|(uid=ada', PASSWORD, 'unknown'],
    ['a wildcard', 'ad*', PASSWORD, 'unknown'],
    ['an escape of a filter', 'ad\\61', PASSWORD, 'unknown'],
    ['a replacement pattern', "$&$'ada", PASSWORD, 'unknown'],
  ])('%s signs nobody in', async (_what, identifier, password, reason) => {
    expect(await signIn(identifier, password)).toEqual({ ok: false, reason });
  });

  test('a name made of the characters of a filter is a name', async () => {
    expect(await signIn('a*(b)\\c')).toMatchObject({ ok: true });
  });

  test('a name may be of any language', async () => {
    await addPerson(slapd, { uid: 'zoë.çelik', password: PASSWORD });
    expect(await signIn('zoë.çelik')).toMatchObject({
      ok: true,
      identity: { attributes: { cn: 'zoë.çelik' } },
    });
  });

  test('looking does not ask for a password', async () => {
    expect(await checkDirectory(ctx, directory(), 'ada')).toMatchObject({
      entries: 1,
      identity: { email: 'ada@example.org' },
    });
    expect(await checkDirectory(ctx, directory(), 'twice@example.org')).toEqual({
      entries: 2,
      identity: undefined,
    });
  });
});

describe.skipIf(!hasSlapd)('an account of Active Directory', () => {
  const guid = Buffer.from('33221100554477668899aabbccddeeff', 'hex');
  const atAd = () => directory({ subject: 'objectGUID' });

  beforeAll(async () => {
    if (!hasSlapd) return;
    const add = (uid: string, more: Record<string, string>) =>
      addPerson(slapd, { uid, password: PASSWORD, classes: ['adPerson'], more });
    const dn = await add('guid', {});
    await add('disabled', { userAccountControl: '514' });
    await add('expired', {
      accountExpires: String((BigInt(clock.now().getTime()) + 11_644_473_600_000n) * 10_000n),
    });
    await add('forever', { accountExpires: '9223372036854775807', userAccountControl: '512' });
    const { Attribute, Change } = await import('ldapts');
    for (const name of [
      dn,
      ...['disabled', 'expired', 'forever'].map((uid) => `uid=${uid},ou=people,${BASE}`),
    ]) {
      const modification = new Attribute({ type: 'objectGUID', values: [guid] });
      await slapd.admin((client) => client.modify(name, new Change({ operation: 'add', modification })));
    }
  });

  test('its GUID is read as Microsoft writes it', async () => {
    expect(await signIn('guid', PASSWORD, atAd())).toMatchObject({
      identity: { subject: '00112233-4455-6677-8899-aabbccddeeff' },
    });
    expect(await signIn('forever', PASSWORD, atAd())).toMatchObject({ ok: true });
  });

  test('it is found again by its GUID', async () => {
    const one = directory({ subject: 'objectGUID', filter: '(&(uid={identifier})(uid=guid))' });
    const guid = '00112233-4455-6677-8899-aabbccddeeff';
    const another = guid.replace('0011', '1100');
    expect(await findAbsent(ctx, one, [guid, another])).toEqual([another]);
    const disabled = directory({ subject: 'objectGUID', filter: '(&(uid={identifier})(uid=disabled))' });
    expect(await findAbsent(ctx, disabled, [guid])).toEqual([guid]);
  });

  test.each(['disabled', 'expired'])('%s, its right password is refused', async (uid) => {
    expect(await signIn(uid, PASSWORD, atAd())).toEqual({ ok: false, reason: 'disabled' });
    expect(await signIn(uid, 'wrong', atAd())).toEqual({ ok: false, reason: 'wrong-password' });
  });

  test('without the attribute that is to be its id, it is nobody', async () => {
    expect(await codeOf(signIn('ada', PASSWORD, atAd()))).toMatch(/^directory_unavailable: .*objectGUID/);
  });
});

describe.skipIf(!hasSlapd)('who may still sign in', () => {
  async function subjectOf(uid: string, at: Directory): Promise<string> {
    const found = await signIn(uid, PASSWORD, at);
    if (!found.ok) throw new Error(found.reason);
    return found.identity.subject;
  }

  test('is not who was deleted, disabled or has left the filter', async () => {
    for (const uid of ['stays', 'leaves', 'moves']) await addPerson(slapd, { uid, password: PASSWORD });
    const everybody = directory();
    const stays = await subjectOf('stays', everybody);
    const leaves = await subjectOf('leaves', everybody);
    expect(await findAbsent(ctx, everybody, [stays, leaves])).toEqual([]);
    await slapd.admin((client) => client.del(`uid=leaves,ou=people,${BASE}`));
    expect(await findAbsent(ctx, everybody, [stays, leaves])).toEqual([leaves]);
    const engineers = directory({ filter: `(&(uid={identifier})(memberOf=cn=engineers,ou=groups,${BASE}))` });
    expect(await findAbsent(ctx, engineers, [stays, await subjectOf('ada', everybody)])).toEqual([stays]);
  });

  test('is not a question of filters', async () => {
    const subjects = ['*', 'x)(uid=ada'];
    expect(await findAbsent(ctx, directory(), subjects)).toEqual(subjects);
  });

  test('is nobody’s question while the directory is away', async () => {
    const away = directory({ url: 'ldaps://localhost:1' });
    await expect(findAbsent(ctx, away, ['anybody'])).rejects.toThrow('cannot be reached');
  });
});

describe.skipIf(!hasSlapd)('a directory that cannot be asked', () => {
  test('with a certificate of somebody else', async () => {
    const other = directory({ ca: makeCertificate('localhost').certificatePem });
    expect(await codeOf(signIn('ada', PASSWORD, other))).toMatch(/^directory_unavailable: .*self-signed/);
  });

  test('with a certificate for another name', async () => {
    const { certificatePem, keyPem } = makeCertificate('directory', ['directory.example']);
    const server = createTlsServer({ cert: certificatePem, key: keyPem }).listen(0, 'localhost');
    await once(server, 'listening');
    const url = `ldaps://localhost:${portOf(server)}`;
    expect(await codeOf(signIn('ada', PASSWORD, directory({ url, ca: certificatePem })))).toMatch(
      /^directory_unavailable: .*altnames/,
    );
    server.close();
  });

  test('that has stopped answering', async () => {
    slapd.freeze();
    const impatient = { ...ctx, directoryTimeoutMs: 200 };
    const attempt = signInToDirectory(impatient, directory(), { identifier: 'ada', password: PASSWORD });
    expect(await codeOf(attempt)).toMatch(/^directory_unavailable: .*in time/);
    slapd.thaw();
  });

  test('that does not let the service account in', async () => {
    expect(await codeOf(signIn('ada', PASSWORD, directory({}, { bindPassword: 'wrong' })))).toMatch(
      /^directory_unavailable: /,
    );
    expect(await codeOf(signIn('ada', PASSWORD, directory({}, { bindPassword: '' })))).toMatch(
      /^directory_unavailable: .*no password/,
    );
  });

  test('that is down', async () => {
    expect(await codeOf(signIn('ada', PASSWORD, directory({ url: 'ldaps://localhost:1' })))).toMatch(
      /^directory_unavailable: .*ECONNREFUSED/,
    );
  });

  test('at an address where no directory is, whatever its name', async () => {
    const url = 'ldaps://169.254.169.254';
    expect(await codeOf(signIn('ada', PASSWORD, directory({ url })))).toMatch(/no directory may have/);
  });
});

/** Speaks just enough to be asked for StartTLS. */
async function startFake(
  answer: (socket: Socket) => void,
): Promise<{ url: string; received: () => Buffer; close: () => void }> {
  let received = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const isFirst = received.length === 0;
      received = Buffer.concat([received, chunk]);
      if (isFirst) answer(socket);
    });
  }).listen(0, 'localhost');
  await once(server, 'listening');
  return {
    url: `ldap://localhost:${portOf(server)}`,
    received: () => received,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const DONE = Buffer.from('300c02010178070a010004000400', 'hex');
const REFUSED = Buffer.from('300c02010178070a010204000400', 'hex');
/** The beginning of an answer to the bind that will follow. */
const INJECTED = Buffer.from('308180020102', 'hex');

describe('somebody on the way to a directory', () => {
  const settings = (url: string) =>
    ldapSettings.parse({
      url,
      startTls: true,
      ca: null,
      base: BASE,
      bindDn: 'cn=reader',
      filter: FILTER,
      subject: 'entryUUID',
      isDefault: false,
    });

  test.each([
    ['refuses StartTLS', REFUSED, /does not start TLS/],
    ['puts an answer of their own behind it', Buffer.concat([DONE, INJECTED]), /in the clear/],
    ['has no certificate', DONE, /directory_unavailable/],
  ])('%s, and gets no password', async (_what, bytes, cause) => {
    const fake = await startFake((socket) => socket.write(bytes, () => setImmediate(() => socket.end())));
    const at = { settings: settings(fake.url), mapping: {}, bindPassword: 'the secret of the reader' };
    expect(await codeOf(signIn('ada', PASSWORD, at))).toMatch(cause);
    expect(fake.received().includes('secret')).toBe(false);
    fake.close();
  });
});

describe('the settings of a directory', () => {
  const good = {
    url: 'ldaps://directory.example',
    startTls: false,
    ca: null,
    base: BASE,
    bindDn: null,
    filter: '(uid={identifier})',
    subject: 'entryUUID',
    isDefault: false,
  };

  test('are complete', () => expect(ldapSettings.safeParse(good).success).toBe(true));

  test.each([
    ['passwords in the clear', { url: 'ldap://directory.example' }],
    ['another protocol', { url: 'https://directory.example' }],
    ['a password in the address', { url: 'ldaps://admin:secret@directory.example' }],
    ['a search in the address', { url: 'ldaps://directory.example/dc=example' }],
    ['a filter without the person', { filter: '(uid=ada)' }],
    ['half a filter', { filter: '(uid={identifier}' }],
    ['an attribute with a filter in it', { subject: 'uid)(cn=*' }],
  ])('do not allow %s', (_what, changes) => {
    expect(ldapSettings.safeParse({ ...good, ...changes }).success).toBe(false);
  });

  test('may be in the clear on this machine alone', () => {
    expect(ldapSettings.safeParse({ ...good, url: 'ldap://localhost:389' }).success).toBe(true);
    expect(ldapSettings.safeParse({ ...good, url: 'ldap://localhost.example' }).success).toBe(false);
  });
});
