import { sha256 } from '../crypto/digest.ts';
import type { ClientRecord } from './client.ts';

/**
 * What a person judged a client by when they allowed it something: who registered it, what it is called, and where answers go.
 * With another of these it is another client to them. Changing the order of its redirect URIs changes nothing.
 */
export function registrationDigest({ origin, metadata }: Pick<ClientRecord, 'origin' | 'metadata'>): Buffer {
  const { application_type, client_name = null } = metadata;
  return sha256(JSON.stringify([origin, application_type, client_name, redirectUris(metadata).toSorted()]));
}

/**
 * Whether an answer that goes to this redirect URI reaches the client and nobody who pretends to be it (RFC 8252 §8.6): it
 * proves itself with credentials, or owns an https address. Whoever registered itself is nobody we know.
 */
export function isVerifiable(
  { origin, metadata }: Pick<ClientRecord, 'origin' | 'metadata'>,
  redirectUri: string | undefined,
): boolean {
  if (origin === 'dynamic' || metadata['application_type'] === 'native' || redirectUri === undefined) {
    return false;
  }
  return metadata['token_endpoint_auth_method'] !== 'none' || redirectUri.startsWith('https:');
}

function redirectUris(metadata: ClientRecord['metadata']): string[] {
  return [metadata['redirect_uris'] ?? []].flat().map(String);
}
