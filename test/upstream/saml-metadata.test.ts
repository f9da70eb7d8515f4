import { X509Certificate } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { AppError } from '../../src/errors.ts';
import { makeOwnKey } from '../../src/upstream/saml-certificate.ts';
import { readProviderMetadata } from '../../src/upstream/saml-metadata.ts';
import { NAME_ID, samlSettings } from '../../src/upstream/saml-settings.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startSamlProvider, type SamlProvider } from '../support/saml-provider.ts';

const now = new Date('2031-05-06T07:20:00Z');
let idp: SamlProvider;

beforeAll(async () => {
  idp = await startSamlProvider();
});

afterAll(() => idp.stop());

function read(xml: string): Promise<unknown> {
  return readProviderMetadata(xml, now).catch((error: unknown) =>
    error instanceof AppError ? `${error.status} ${error.code}` : error,
  );
}

test('a provider is read from its metadata, comments and byte order mark notwithstanding', async () => {
  expect(await read(`\ufeff${idp.metadata}`)).toEqual({
    entityId: idp.entityId,
    ssoUrl: idp.ssoUrl,
    certificates: [idp.key.certificate],
    wantsSignedRequests: false,
  });
  const wishes = idp.metadata.replace(
    '<md:IDPSSODescriptor',
    '<md:IDPSSODescriptor WantAuthnRequestsSigned="true"',
  );
  expect(await read(wishes)).toMatchObject({ wantsSignedRequests: true });
});

test('a key for encryption is none for signatures, a key for nothing in particular is', async () => {
  expect(await read(idp.metadata.replace('use="signing"', 'use="encryption"'))).toMatchObject({
    certificates: [],
  });
  expect(await read(idp.metadata.replace(' use="signing"', ''))).toMatchObject({
    certificates: [idp.key.certificate],
  });
});

test.each<[string, (xml: string) => string]>([
  ['of a service provider', (xml) => xml.replaceAll('IDPSSODescriptor', 'SPSSODescriptor')],
  ['of a federation', (xml) => xml.replaceAll('md:EntityDescriptor', 'md:EntitiesDescriptor')],
  ['without a redirect', (xml) => xml.replace('HTTP-Redirect', 'HTTP-Artifact')],
  ['of the past', (xml) => xml.replace('entityID=', 'validUntil="2031-05-06T07:19:59Z" entityID=')],
  ['with entities', (xml) => xml.replace('?>', '?><!DOCTYPE x [<!ENTITY y "z">]>')],
  ['that is no XML', () => '{"issuer":"https://id.example"}'],
])('metadata %s is refused', async (_what, change) => {
  expect(await read(change(idp.metadata))).toBe('400 invalid_metadata');
});

test('the certificate of a key of ours is one that others read, and good for ten years', async () => {
  const { certificate, privateKey } = await makeOwnKey('id.example', now);
  const read = new X509Certificate(certificate);
  expect(read.subject).toBe('CN=id.example');
  expect(read.verify(read.publicKey)).toBe(true);
  expect(new Date(read.validFrom)).toEqual(now);
  expect(new Date(read.validTo)).toEqual(new Date('2041-05-06T07:20:00Z'));
  expect(privateKey).toContain('PRIVATE KEY');
});

test('settings that would let anybody in, or nobody stay themselves, are refused', () => {
  const good = {
    entityId: idp.entityId,
    ssoUrl: 'https://idp.example/sso',
    certificates: [idp.key.certificate],
    subjectAttribute: null,
    nameIdFormat: NAME_ID.persistent,
    ownCertificate: idp.key.certificate,
    signsRequests: true,
    startUrl: null,
  };
  expect(samlSettings.safeParse(good).success).toBe(true);
  for (const changes of [
    { certificates: [] },
    { certificates: ['a certificate'] },
    { certificates: [makeCertificate('elliptic').certificatePem] },
    { nameIdFormat: NAME_ID.transient },
    { nameIdFormat: null },
    { subjectAttribute: 'uid' },
    { ssoUrl: 'http://idp.example/sso' },
    { ssoUrl: 'javascript:alert(1)' },
    { startUrl: 'http://portal.example' },
  ]) {
    expect(samlSettings.safeParse({ ...good, ...changes }).success, JSON.stringify(changes)).toBe(false);
  }
});
