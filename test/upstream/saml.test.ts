import { createPublicKey } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Config } from '../../src/config/config.ts';
import { acsUri, entityIdOf } from '../../src/upstream/addresses.ts';
import { createProvider } from '../../src/upstream/create-provider.ts';
import type { IdentityProviderOf } from '../../src/upstream/identity-provider.ts';
import { UpstreamError } from '../../src/upstream/problem.ts';
import type { ProtocolContext } from '../../src/upstream/protocol.ts';
import { makeOwnKey, type OwnKey } from '../../src/upstream/saml-certificate.ts';
import { NAME_ID, samlSettings, type SamlSettings } from '../../src/upstream/saml-settings.ts';
import { samlProtocol } from '../../src/upstream/saml.ts';
import { createTestClock } from '../support/clock.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { startSamlProvider, type SamlProvider } from '../support/saml-provider.ts';

const ISSUER = 'https://id.example';
const AUDIENCE = entityIdOf(ISSUER, 'theirs');
const ACS = acsUri(ISSUER, 'theirs');

let rooms: Rooms;
let idp: SamlProvider;
let ours: OwnKey;
let another: OwnKey;
let provider: IdentityProviderOf<'saml'>;

beforeAll(async () => {
  [rooms, idp, ours, another] = await Promise.all([
    openRooms(),
    startSamlProvider(),
    makeOwnKey('id.example', new Date()),
    makeOwnKey('mallory', new Date()),
  ]);
  provider = await makeProvider();
});

afterAll(async () => {
  await idp.stop();
  await rooms[Symbol.asyncDispose]();
});

async function makeProvider(): Promise<IdentityProviderOf<'saml'>> {
  const made = await createProvider(rooms, {
    kind: 'saml',
    name: 'Theirs',
    settings: {
      entityId: idp.entityId,
      ssoUrl: idp.ssoUrl,
      certificates: [another.certificate, idp.key.certificate],
      subjectAttribute: null,
      nameIdFormat: NAME_ID.persistent,
      ownCertificate: ours.certificate,
      signsRequests: false,
      startUrl: null,
    },
    secrets: { privateKey: ours.privateKey },
    actor: 'test',
  });
  if (made.kind !== 'saml') throw new TypeError('not of SAML');
  // `another` stands for a key that was replaced; the attacks need one that nobody trusts.
  return { ...made, settings: { ...made.settings, certificates: [idp.key.certificate] } };
}

/** samlp writes by the real clock. */
function contextAt(secondsLater = 0): ProtocolContext {
  const clock = createTestClock(new Date(Date.now() + secondsLater * 1000));
  const config = { issuer: ISSUER } as Config;
  return { ...rooms, clock, config, log: pino({ level: 'silent' }) } as unknown as ProtocolContext;
}

function withSettings(changes: Partial<SamlSettings>): IdentityProviderOf<'saml'> {
  return { ...provider, settings: samlSettings.parse({ ...provider.settings, ...changes }) };
}

const REQUEST_ID = '_our-request';

interface Attempt {
  readonly at?: number;
  readonly kept?: Readonly<Record<string, string>>;
  readonly provider?: IdentityProviderOf<'saml'>;
}

function finish(xml: string, { at = 0, kept = { requestId: REQUEST_ID }, ...more }: Attempt = {}) {
  const answer = { SAMLResponse: Buffer.from(xml).toString('base64') };
  return samlProtocol.finish(contextAt(at), more.provider ?? provider, { state: 's', kept, answer });
}

/** The reason and the detail for the log, or that somebody came in. */
async function outcome(xml: string, attempt: Attempt = {}): Promise<string> {
  try {
    const { subject } = await finish(xml, attempt);
    return `let in: ${subject}`;
  } catch (error) {
    if (error instanceof UpstreamError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

function respond(changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return idp.respond({ id: REQUEST_ID, acs: ACS, audience: AUDIENCE }, changes);
}

function encryptedWith(encryptionAlgorithm: string): Readonly<Record<string, unknown>> {
  return {
    encryptionAlgorithm,
    encryptionCert: ours.certificate,
    encryptionPublicKey: createPublicKey(ours.certificate).export({ type: 'spki', format: 'pem' }).toString(),
    // samlp's own guard, which is not what is tested here.
    disallowEncryptionWithInsecureAlgorithm: false,
  };
}

function assertionIn(xml: string): string {
  return /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(xml)?.[0] ?? '';
}

describe('a response of a real provider', () => {
  test('says who the person is', async () => {
    expect(await finish(await respond())).toMatchObject({
      issuer: idp.entityId,
      subject: 'person-4711',
      sid: '_their-session',
      amr: ['pwd'],
      email: 'ada@saml.example',
      attributes: { givenName: ['Ada'], sn: ['Lovelace'], mail: ['ada@saml.example'] },
    });
  });

  test('may be signed as a whole besides', async () => {
    expect(await outcome(await respond({ signResponse: true }))).toBe('let in: person-4711');
  });

  test('may be encrypted for us', async () => {
    const xml = await respond(encryptedWith('http://www.w3.org/2009/xmlenc11#aes256-gcm'));
    expect(xml).not.toContain('person-4711');
    expect(await outcome(xml)).toBe('let in: person-4711');
  });

  test('tells several factors by their context', async () => {
    const identity = await finish(await respond({ authnContextClassRef: 'https://refeds.org/profile/mfa' }));
    expect(identity.amr).toEqual(['mfa']);
  });

  test('is accepted with either certificate while keys are changed', async () => {
    const both = withSettings({ certificates: [another.certificate, idp.key.certificate] });
    expect(await outcome(await respond(), { provider: both })).toBe('let in: person-4711');
  });

  test('names the person by an attribute where one is the subject, whatever the NameID is', async () => {
    const byMail = withSettings({
      subjectAttribute: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
      nameIdFormat: null,
    });
    const xml = await respond({ nameIdentifierFormat: NAME_ID.transient });
    expect(await outcome(xml, { provider: byMail })).toBe('let in: ada@saml.example');
  });

  test('counts once, of two at once too', async () => {
    const xml = await respond();
    const outcomes = await Promise.all([outcome(xml), outcome(xml), outcome(xml), outcome(xml)]);
    expect(outcomes.filter((each) => each.startsWith('let in'))).toHaveLength(1);
    expect(outcomes.filter((each) => each === 'wrong: the assertion was used before')).toHaveLength(3);
  });
});

describe('a response that is not for us, not now or not of them', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['unsigned', { signAssertion: false }, 'wrong: the assertion is not signed by the provider'],
    [
      'signed around the assertion alone',
      { signAssertion: false, signResponse: true },
      'wrong: the assertion is not signed by the provider',
    ],
    [
      'of another audience',
      { audience: 'https://other.example' },
      'wrong: the assertion is for another audience',
    ],
    [
      'of two audiences',
      { audience: [AUDIENCE, 'https://other.example'] },
      'wrong: the assertion is for another audience',
    ],
    ['of no audience', { audience: undefined }, 'wrong: the assertion is for another audience'],
    [
      'for another address inside',
      { recipient: 'https://other.example/acs' },
      'wrong: the assertion is not for whoever brings it',
    ],
    [
      'for another address outside',
      { destination: 'https://other.example/acs' },
      'wrong: the response is for another address',
    ],
    ['of another issuer', { issuer: 'https://other.example' }, 'wrong: the response is from another issuer'],
    ['to another request', { inResponseTo: '_another' }, 'wrong: the response answers another request'],
    ['to no request', { inResponseTo: undefined }, 'wrong: the response answers another request'],
    ['signed with SHA-1', { signatureAlgorithm: 'rsa-sha1' }, 'wrong: a signature has an algorithm'],
    ['digested with SHA-1', { digestAlgorithm: 'sha1' }, 'wrong: a signature has an algorithm'],
    ['with a name of today', { nameIdentifierFormat: NAME_ID.transient }, 'wrong: the NameID has the format'],
    [
      'with an e-mail address as a name',
      { nameIdentifierFormat: NAME_ID.emailAddress },
      'wrong: the NameID has the format',
    ],
    [
      'that it failed',
      { samlStatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Responder' },
      'wrong: the provider answered',
    ],
    [
      'that the person may not',
      { samlStatusCode: 'urn:oasis:names:tc:SAML:2.0:status:RequestDenied' },
      'refused: the provider answered',
    ],
  ])('%s', async (_what, changes, expected) => {
    expect(await outcome(await respond(changes))).toContain(expected);
  });

  test('encrypted without integrity', async () => {
    const xml = await respond(encryptedWith('http://www.w3.org/2001/04/xmlenc#aes256-cbc'));
    expect(await outcome(xml)).toContain('wrong: the assertion is encrypted with an algorithm');
  });

  test('signed with a key of somebody else, whose certificate it brings along', async () => {
    const xml = await respond({ key: another.privateKey, cert: another.certificate });
    expect(await outcome(xml)).toBe('wrong: the assertion is not signed by the provider');
  });

  test('with another issuer within than without', async () => {
    const xml = await respond({ issuer: 'https://other.example' });
    const outside = xml.replace('https://other.example', idp.entityId);
    expect(await outcome(outside)).toBe('wrong: the assertion is from another issuer');
  });

  test('with a request within that is not the one without', async () => {
    const xml = (await respond({ inResponseTo: '_another' })).replace(
      'InResponseTo="_another"',
      `InResponseTo="${REQUEST_ID}"`,
    );
    expect(await outcome(xml)).toContain('wrong: the assertion is not for whoever brings it');
  });

  test.each([
    ['expired', {}, 361],
    ['expired before it was too old', { lifetimeInSeconds: 5 }, 66],
    ['long ago, though valid for longer', { lifetimeInSeconds: 86_400 }, 661],
    ['not yet valid', {}, -62],
  ])('%s', async (_what, changes, at) => {
    expect(await outcome(await respond(changes), { at })).toMatch(
      /^wrong: the assertion is not (?:valid now|of now|for whoever)/,
    );
  });

  test('by clocks that differ a little', async () => {
    expect(await outcome(await respond(), { at: 355 })).toBe('let in: person-4711');
    expect(await outcome(await respond(), { at: -55 })).toBe('let in: person-4711');
  });

  test('of a sign-in that is older than was asked for', async () => {
    const soon = String(Math.floor(Date.now() / 1000) + 120);
    expect(await outcome(await respond(), { kept: { requestId: REQUEST_ID, freshFrom: soon } })).toMatch(
      /^stale: /,
    );
    const before = String(Math.floor(Date.now() / 1000) - 5);
    expect(await outcome(await respond(), { kept: { requestId: REQUEST_ID, freshFrom: before } })).toMatch(
      /^let in/,
    );
  });
});

describe('a response that was tampered with', () => {
  /** Somebody with an account there turns what was signed about them into a word about somebody else. */
  const forged = (assertion: string) =>
    assertion
      .replace(/ID="[^"]*"/, 'ID="_forged"')
      .replaceAll('person-4711', 'admin')
      .replace(/<Signature[\s\S]*<\/Signature>/, '');

  test.each<[string, (xml: string) => string]>([
    ['a changed name', (xml) => xml.replaceAll('person-4711', 'admin')],
    ['a comment within the name', (xml) => xml.replaceAll('person-4711', 'person-<!-- -->4711')],
    ['an instruction within the name', (xml) => xml.replaceAll('person-4711', 'person-<?x?>4711')],
    ['a CDATA section', (xml) => xml.replaceAll('person-4711', '<![CDATA[person-4711]]>')],
    [
      'a forged assertion before the signed one',
      (xml) => xml.replace('<saml:Assertion', `${forged(assertionIn(xml))}<saml:Assertion`),
    ],
    [
      'a forged assertion behind it',
      (xml) => xml.replace('</samlp:Response>', `${forged(assertionIn(xml))}</samlp:Response>`),
    ],
    [
      'a forged assertion around it',
      (xml) => {
        const signed = assertionIn(xml);
        return xml.replace(signed, () =>
          forged(signed).replace('</saml:Assertion>', `${signed}</saml:Assertion>`),
        );
      },
    ],
    [
      'the signed one within an extension',
      (xml) => {
        const signed = assertionIn(xml);
        return xml.replace(signed, () => `<samlp:Extensions>${signed}</samlp:Extensions>${forged(signed)}`);
      },
    ],
    [
      'the signed one within the signature of a forged one',
      (xml) => {
        const signed = assertionIn(xml);
        const signature = /<Signature[\s\S]*<\/Signature>/.exec(signed)?.[0] ?? '';
        const around = signature.replace(
          '</Signature>',
          `<Object>${signed.replace(signature, '')}</Object></Signature>`,
        );
        return xml.replace(signed, () => forged(signed).replace('</saml:Issuer>', `</saml:Issuer>${around}`));
      },
    ],
    [
      'two elements of one id',
      (xml) =>
        xml.replace('<samlp:Status>', `<samlp:Status ID="${/Assertion [^>]*ID="([^"]*)"/.exec(xml)?.[1]}">`),
    ],
    [
      'an id in another spelling',
      (xml) =>
        xml.replace('<samlp:Status>', `<samlp:Status Id="${/Assertion [^>]*ID="([^"]*)"/.exec(xml)?.[1]}">`),
    ],
    [
      'an assertion of another namespace',
      (xml) =>
        xml
          .replaceAll('saml:', 'evil:')
          .replaceAll('xmlns:saml', 'xmlns:evil')
          .replaceAll('urn:oasis:names:tc:SAML:2.0:assertion', 'urn:evil'),
    ],
    ['entities', (xml) => `<!DOCTYPE r [<!ENTITY who "admin">]>${xml.replaceAll('person-4711', '&who;')}`],
    [
      'an external entity',
      (xml) =>
        `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml.replaceAll('person-4711', '&x;')}`,
    ],
    ['an unknown entity', (xml) => xml.replaceAll('person-4711', '&who;')],
    ['a document in a document', (xml) => `${xml}${xml}`],
    [
      'ten thousand levels',
      (xml) => xml.replace('<samlp:Status>', `${'<a>'.repeat(5_000)}${'</a>'.repeat(5_000)}<samlp:Status>`),
    ],
    [
      'a hidden level',
      (xml) =>
        xml.replace('<samlp:Status>', `${'<a b=">">'.repeat(3_000)}${'</a>'.repeat(3_000)}<samlp:Status>`),
    ],
    ['no assertion', (xml) => xml.replace(assertionIn(xml), '')],
    ['half of it', (xml) => xml.slice(0, xml.length / 2)],
    ['nothing', () => ''],
    ['text', () => 'hello'],
    ['NUL', (xml) => xml.replaceAll('person-4711', 'person-4711\0')],
  ])('%s: nobody comes in', async (_what, tamper) => {
    const xml = await respond();
    expect(await outcome(tamper(xml))).toMatch(/^wrong: /);
    // What was tampered with would have been good.
    expect(await outcome(xml)).toBe('let in: person-4711');
  });

  test('what is no base64 is no response', async () => {
    const came = { state: 's', kept: { requestId: REQUEST_ID }, answer: { SAMLResponse: '%%%' } };
    await expect(samlProtocol.finish(contextAt(), provider, came)).rejects.toThrow('not base64');
  });
});

describe('a request', () => {
  async function begin(asked: { maxAgeSeconds?: number } = {}, at = provider) {
    const { url, kept } = await samlProtocol.begin(contextAt(), at, { state: 'the state', ...asked });
    const { searchParams } = new URL(url);
    const xml = inflateRawSync(Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
    return { url, kept, searchParams, xml };
  }

  test('names us, the provider and itself', async () => {
    const { url, kept, searchParams, xml } = await begin();
    expect(url.startsWith(`${idp.ssoUrl}?`)).toBe(true);
    expect(searchParams.get('RelayState')).toBe('the state');
    expect(kept['requestId']).toMatch(/^_[\w-]{27}$/);
    for (const part of [
      `ID="${kept['requestId']}"`,
      `Destination="${idp.ssoUrl}"`,
      `AssertionConsumerServiceURL="${ACS}"`,
      `${AUDIENCE}</saml:Issuer>`,
      NAME_ID.persistent,
    ]) {
      expect(xml).toContain(part);
    }
    expect(xml).not.toContain('ForceAuthn');
    expect(xml).not.toContain('RequestedAuthnContext');
  });

  test('asks for a new sign-in where the client does, and remembers since when', async () => {
    const { kept, xml } = await begin({ maxAgeSeconds: 30 });
    expect(xml).toContain('ForceAuthn="true"');
    expect(Number(kept['freshFrom'])).toBeCloseTo(Date.now() / 1000 - 30, -1);
  });

  test('is signed where the provider wants that, and the provider can tell', async () => {
    idp.requireSignature(ours.certificate);
    const { url, searchParams } = await begin({}, withSettings({ signsRequests: true }));
    expect(searchParams.get('SigAlg')).toBe('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace(/Signature=.{8}/, 'Signature=AAAAAAAA'))).status).toBe(500);
  });
});
