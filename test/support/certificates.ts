import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const OPENSSL = ['/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl'].find(existsSync);

/** For `describe.skipIf(!hasOpenssl)`. */
export const hasOpenssl = OPENSSL !== undefined;

if (!hasOpenssl) process.stderr.write('Tests with certificates are skipped: there is no openssl.\n');

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

const NONE: TestCertificate = {
  certificatePem: '',
  keyPem: '',
  der: Buffer.alloc(0),
  thumbprint: '',
  header: '',
  escaped: '',
  jwk: {},
};

/** Made by openssl, because node can read certificates but not write them. Without it, nothing: such tests are skipped. */
export function makeCertificate(
  name: string,
  subjectAltName = 'DNS:localhost,IP:127.0.0.1',
): TestCertificate {
  if (OPENSSL === undefined) return NONE;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'guichet-certificate-'));
  const file = (kind: string) => path.join(folder, `${kind}.pem`);
  const request = ['req', '-x509', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', file('key')];
  const names = ['-addext', `subjectAltName=${subjectAltName}`];
  try {
    execFileSync(OPENSSL, [...request, ...key, ...names, '-out', file('certificate')], { stdio: 'pipe' });
    return describeCertificate(readFileSync(file('certificate'), 'utf8'), readFileSync(file('key'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function describeCertificate(certificatePem: string, keyPem: string): TestCertificate {
  const der = new X509Certificate(certificatePem).raw;
  return {
    certificatePem,
    keyPem,
    der,
    thumbprint: createHash('sha256').update(der).digest('base64url'),
    header: `:${der.toString('base64')}:`,
    escaped: encodeURIComponent(certificatePem),
    jwk: { ...createPublicKey(certificatePem).export({ format: 'jwk' }), x5c: [der.toString('base64')] },
  };
}
