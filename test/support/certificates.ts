import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A self-signed certificate with its key, and the forms in which proxies pass it on. */
export interface TestCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly der: Buffer;
  /** RFC 8705 §3.1. */
  readonly thumbprint: string;
  /** RFC 9440. */
  readonly header: string;
  /** nginx's `$ssl_client_escaped_cert`. */
  readonly escaped: string;
  /** With `x5c`. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** X.509 (RFC 5280 §4.1), written out by hand because Node reads certificates but makes none. */
export function makeCertificate(
  commonName: string,
  alternativeNames: readonly string[] = ['localhost', '127.0.0.1'],
): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, objectId('2a8648ce3d040302'));
  const name = der(0x30, der(0x31, der(0x30, objectId('550403'), der(0x0c, Buffer.from(commonName)))));
  const validity = der(
    0x30,
    der(0x17, Buffer.from('200101000000Z')),
    der(0x17, Buffer.from('490101000000Z')),
  );
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, subjectAltName(alternativeNames))),
  );
  const signature = sign('sha256', body, privateKey);
  const whole = der(0x30, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const base64 = whole.toString('base64');
  const certificatePem = `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
  return {
    certificatePem,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der: whole,
    thumbprint: createHash('sha256').update(whole).digest('base64url'),
    header: `:${base64}:`,
    escaped: encodeURIComponent(certificatePem),
    jwk: { ...publicKey.export({ format: 'jwk' }), x5c: [base64] },
  };
}

/** RFC 5280 §4.2.1.6. */
function subjectAltName(names: readonly string[]): Buffer {
  const general = names.map((name) =>
    isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return der(0x30, objectId('551d11'), der(0x04, der(0x30, ...general)));
}

/** Tag, length, contents. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...long]), content]);
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}
