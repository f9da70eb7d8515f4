import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { certificateThumbprint } from '../../src/resource-server/certificate.ts';
import { TokenError } from '../../src/resource-server/token-error.ts';
import { makeCertificate } from '../support/certificates.ts';

const { der, certificatePem: pem } = makeCertificate('client.example');
const base64 = der.toString('base64');
const thumbprint = createHash('sha256').update(der).digest('base64url');

test('RFC 8705 §3.1 the thumbprint is of the DER, however the certificate is written', async () => {
  const spellings = [
    der,
    new Uint8Array(der),
    pem,
    pem.trim(),
    pem.replaceAll('\n', '\r\n'),
    `\n${pem}`,
    // nginx: $ssl_client_escaped_cert, and the folded $ssl_client_cert of old.
    encodeURIComponent(pem),
    pem.trim().replaceAll('\n', '\n\t'),
    Buffer.from(pem),
    // HAProxy: ssl_c_der,base64. RFC 9440: Client-Cert.
    base64,
    `:${base64}:`,
    // A chain: the client's comes first.
    pem + makeCertificate('ca.example').certificatePem,
  ];
  for (const spelling of spellings) expect(await certificateThumbprint(spelling)).toBe(thumbprint);
});

test('RFC 8705 what is no certificate is refused', async () => {
  const garbage = [
    '',
    ' ',
    ':',
    '::',
    'garbage',
    '%',
    '%ZZ',
    encodeURIComponent('-----BEGIN CERTIFICATE-----'),
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
    pem.replace('END', 'ENDE'),
    pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'),
    base64.slice(0, -8),
    `${base64}, ${base64}`,
    `x${pem}`,
    new Uint8Array(0),
    der.subarray(0, 100),
    'A'.repeat(16_385),
    new Uint8Array(16_385),
    makeCertificate('client.example').keyPem,
  ];
  for (const value of garbage) {
    const error: unknown = await certificateThumbprint(value).catch((reason: unknown) => reason);
    expect(error, String(value)).toBeInstanceOf(TokenError);
    expect(error).toMatchObject({ code: 'invalid_token', reason: 'wrong_certificate', status: 401 });
  }
});

test('RFC 8705 bytes after the certificate make no other certificate', async () => {
  const longer = Buffer.concat([der, Buffer.from('more')]);
  const answer = await certificateThumbprint(longer).catch(() => 'refused');
  expect([thumbprint, 'refused']).toContain(answer);
});
