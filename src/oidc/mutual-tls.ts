import type { X509Certificate } from 'node:crypto';

import type { Context } from 'koa';
import { errors, type ClientAuthMethod, type Configuration } from 'oidc-provider';

import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/digest.ts';
import { AppError } from '../errors.ts';
import { clientCertificate } from '../http/client-certificate.ts';
import { oidcOf } from './library-context.ts';

/**
 * RFC 8705: tokens bound to the TLS client certificate with which they were fetched, and clients that authenticate with it.
 * Only self-signed certificates authenticate here: they are compared with the client's registered keys. Chains, names and
 * revocation of certificates would be the business of a certificate authority.
 */
type MutualTls = NonNullable<NonNullable<Configuration['features']>['mTLS']>;
type Setting = Pick<Config, 'clientCertificateHeader'>;

export const TLS_AUTH_METHODS: readonly ClientAuthMethod[] = ['self_signed_tls_client_auth'];

export function mutualTls(config: Setting): MutualTls {
  const enabled = config.clientCertificateHeader !== undefined;
  return {
    enabled,
    certificateBoundAccessTokens: enabled,
    selfSignedTlsClientAuth: enabled,
    tlsClientAuth: false,
    // Asked even when the feature is off, for tokens that were bound before: without certificate they are refused.
    getCertificate: (ctx) => certificateOf(config, ctx),
  };
}

/**
 * A client that registered for bound tokens while the server had mutual TLS gets none that are not bound when it has no
 * longer. The library would ignore the member.
 */
export function refuseUnbound(config: Setting, metadata: Readonly<Record<string, unknown>>): void {
  if (config.clientCertificateHeader !== undefined) return;
  if (metadata['tls_client_certificate_bound_access_tokens'] !== true) return;
  throw new errors.InvalidClientMetadata(
    'the client is registered for mutual TLS, which this server has not',
  );
}

/** For a refresh that is repeated, which the library's own checks do not see. */
export function presentsCertificate(config: Setting, ctx: Context, thumbprint: unknown): boolean {
  const bound = oidcOf(ctx)?.client?.['tlsClientCertificateBoundAccessTokens'] === true;
  if (!bound && thumbprint === undefined) return true;
  const certificate = certificateOf(config, ctx);
  if (!certificate) return false;
  return thumbprint === undefined || sha256(certificate.raw).toString('base64url') === thumbprint;
}

function certificateOf({ clientCertificateHeader }: Setting, ctx: Context): X509Certificate | undefined {
  try {
    return clientCertificate(ctx, clientCertificateHeader);
  } catch (error) {
    if (error instanceof AppError) throw new errors.InvalidRequest(error.message);
    throw error;
  }
}
