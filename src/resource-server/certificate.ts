import { createHash, X509Certificate } from 'node:crypto';

import { TokenError } from './token-error.ts';

/** A certificate with an RSA key of 4096 bits takes 3 kB as PEM, 4 kB when escaped. */
const CERTIFICATE_LENGTH_MAX = 16_384;

const BASE64 = /^[A-Za-z\d+/]+={0,2}$/;

/**
 * The `x5t#S256` of a client certificate (RFC 8705 §3.1): base64url of the SHA-256 of its DER. Takes DER as TLS gives it, and what
 * proxies write into headers: PEM, URL-encoded PEM (nginx `$ssl_client_escaped_cert`), bare base64 of DER (HAProxy
 * `ssl_c_der,base64`), the same between colons (RFC 9440). Of several, the first is the client's. Throws TokenError
 * `invalid_token`, reason `wrong_certificate`, for what is no certificate.
 */
export async function certificateThumbprint(certificate: string | Uint8Array): Promise<string> {
  return createHash('sha256').update(readDer(certificate)).digest('base64url');
}

function readDer(certificate: string | Uint8Array): Buffer {
  try {
    if (certificate.length > CERTIFICATE_LENGTH_MAX) throw new RangeError('too long');
    const der = typeof certificate === 'string' ? derOfText(certificate) : Buffer.from(certificate);
    // Bytes of PEM are taken as well; `raw` is the DER that was parsed, without what may follow it.
    return new X509Certificate(der).raw;
  } catch (cause) {
    const message = 'The client certificate cannot be read.';
    throw new TokenError('invalid_token', message, {
      status: 401,
      reason: 'wrong_certificate',
      headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${message}"` },
      cause,
    });
  }
}

function derOfText(text: string): Buffer {
  const plain = text.includes('%') ? decodeURIComponent(text) : text;
  const base64 = (pemBody(plain) ?? colonBody(plain) ?? plain).replace(/\s+/g, '');
  // Buffer.from skips what is not base64, which would make two different headers one certificate.
  if (!BASE64.test(base64)) throw new TypeError('not base64');
  return Buffer.from(base64, 'base64');
}

function pemBody(text: string): string | undefined {
  const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'];
  const start = text.trimStart();
  if (!start.startsWith(begin)) return undefined;
  const stop = start.indexOf(end);
  return stop === -1 ? undefined : start.slice(begin.length, stop);
}

/** RFC 8941 §3.3.5, a byte sequence. */
function colonBody(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.length > 2 && trimmed.startsWith(':') && trimmed.endsWith(':')
    ? trimmed.slice(1, -1)
    : undefined;
}
