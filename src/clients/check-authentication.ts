import { invalidMetadata } from './problem.ts';

interface Authentication extends Readonly<Record<string, unknown>> {
  readonly grant_types: readonly string[];
  readonly token_endpoint_auth_method: string;
}

/** Methods that are checked against the client's public keys: by their signature, or by the certificate in `x5c`. */
const KEY_METHODS = new Set(['private_key_jwt', 'self_signed_tls_client_auth']);

/** How a client proves who it is, and what its tokens are bound to: the members that must fit together. */
export function checkAuthentication(metadata: Authentication, { mutualTls }: { mutualTls: boolean }): void {
  const method = metadata.token_endpoint_auth_method;
  const hasKeys = metadata['jwks'] !== undefined || metadata['jwks_uri'] !== undefined;
  if (metadata['jwks'] !== undefined && metadata['jwks_uri'] !== undefined) {
    throw invalidMetadata('jwks', 'must not be given together with jwks_uri');
  }
  if (KEY_METHODS.has(method) && !hasKeys) {
    throw invalidMetadata('jwks', `or jwks_uri is needed for ${method}`);
  }
  if (method !== 'private_key_jwt' && metadata['token_endpoint_auth_signing_alg'] !== undefined) {
    throw invalidMetadata('token_endpoint_auth_signing_alg', 'is for private_key_jwt only');
  }
  // RFC 6749 §4.4: whoever cannot keep a secret cannot act in its own name.
  if (method === 'none' && metadata.grant_types.includes('client_credentials')) {
    throw invalidMetadata(
      'grant_types',
      'must not have client_credentials for a client that does not authenticate',
    );
  }
  checkCertificates(metadata, mutualTls);
}

function checkCertificates(metadata: Authentication, mutualTls: boolean): void {
  const bound = metadata['tls_client_certificate_bound_access_tokens'] === true;
  const authenticates = metadata.token_endpoint_auth_method === 'self_signed_tls_client_auth';
  // Leaving the wish out silently would leave the client believing in a protection that it does not have.
  if (bound && !mutualTls) {
    throw invalidMetadata('tls_client_certificate_bound_access_tokens', NO_MUTUAL_TLS);
  }
  if (authenticates && !mutualTls) throw invalidMetadata('token_endpoint_auth_method', NO_MUTUAL_TLS);
  if (bound && metadata['dpop_bound_access_tokens'] === true) {
    throw invalidMetadata(
      'tls_client_certificate_bound_access_tokens',
      'must not be given together with dpop_bound_access_tokens: a token is bound to one key',
    );
  }
  if (authenticates && metadata['jwks'] !== undefined && !hasCertificate(metadata['jwks'])) {
    throw invalidMetadata(
      'jwks',
      'must have a key with its certificate in x5c for self_signed_tls_client_auth',
    );
  }
}

const NO_MUTUAL_TLS = 'needs mutual TLS, which this server has not (GUICHET_CLIENT_CERTIFICATE_HEADER)';

/** Of a key set that was checked. */
function hasCertificate(jwks: unknown): boolean {
  const { keys } = jwks as { keys: readonly Readonly<Record<string, unknown>>[] };
  return keys.some((key) => key['x5c'] !== undefined);
}
