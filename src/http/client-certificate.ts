import { X509Certificate } from 'node:crypto';

import type Koa from 'koa';
import { httpError } from './errors.ts';
import { proxyHeader } from './proxy-header.ts';

/**
 * The TLS client certificate of a request (RFC 8705). TLS ends at a reverse proxy, which passes the certificate on in a
 * header it must set on every request, whatever the client sent (RFC 9440 §2.4). `header` undefined: there are none.
 *
 * Whether anybody signed the certificate is not asked: a binding says "the same key again", and TLS has proved the key.
 * Throws `malformed_request` for what is no certificate.
 */
export function clientCertificate(ctx: Koa.Context, header: string | undefined): X509Certificate | undefined {
  const value = header === undefined ? undefined : proxyHeader(ctx, header);
  if (header === undefined || value === undefined || value === EMPTY_SEQUENCE) return undefined;
  const der = decode(value);
  try {
    if (der) return new X509Certificate(der);
  } catch {
    // Said below: OpenSSL's words about somebody's bytes help nobody.
  }
  throw httpError('malformed_request', `The ${header} header does not hold a certificate.`);
}

/** What a proxy writes that puts the colons around nothing. */
const EMPTY_SEQUENCE = '::';
/** RFC 9440 §2.2: a byte sequence of RFC 8941, the DER between colons. */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;
/** RFC 7468, one certificate: what follows it would be its issuers. Some proxies leave the two lines out. */
const PEM = /^(?:-----BEGIN CERTIFICATE-----)?([A-Za-z0-9+/\s]+={0,2})\s*(?:-----END CERTIFICATE-----)?\s*$/;

function decode(value: string): Buffer | undefined {
  const base64 = BYTE_SEQUENCE.exec(value)?.[1] ?? PEM.exec(unescaped(value))?.[1];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/** nginx's `$ssl_client_escaped_cert` and Envoy's `%DOWNSTREAM_PEER_CERT%` are PEM, percent-encoded. */
function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}
