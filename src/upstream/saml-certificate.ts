import { createSign, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** A key of our own for one provider, and the certificate in which SAML passes its public half on. Nobody checks more of it. */
export interface OwnKey {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8, PEM. Secret. */
  readonly privateKey: string;
}

/** NIST SP 800-57: good beyond 2030. */
const RSA_BITS = 3072;
const YEARS = 10;

const SHA256_WITH_RSA = der(0x30, objectId('2a864886f70d01010b'), der(0x05));

export async function makeOwnKey(commonName: string, now: Date): Promise<OwnKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const body = certificateBody(commonName, now, publicKey);
  const signature = createSign('sha256').update(body).sign(privateKey);
  const whole = der(0x30, body, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature));
  return {
    certificate: pemOf(whole),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** From the base64 that metadata holds. */
export function pemOfBase64(base64: string): string {
  return pemOf(Buffer.from(base64, 'base64'));
}

export function base64Of(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s+/g, '');
}

function pemOf(bytes: Buffer): string {
  const lines = bytes.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

/** RFC 5280 §4.1, by hand, because Node reads certificates but makes none. */
function certificateBody(commonName: string, now: Date, publicKey: KeyObject): Buffer {
  const name = der(0x30, der(0x31, der(0x30, objectId('550403'), der(0x0c, Buffer.from(commonName)))));
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  // A positive number: its first bit is zero, its first byte is not.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    SHA256_WITH_RSA,
    name,
    der(0x30, generalizedTime(now), generalizedTime(end)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
}

/** RFC 5280 §4.1.2.5 wants the short form before 2050. */
function generalizedTime(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

/** Tag, length, contents (X.690 §8.1). */
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
