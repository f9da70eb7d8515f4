import { createHash, X509Certificate } from 'node:crypto';

import type { ForeignKey } from '../keys/key.ts';
import type { KeycloakRealm } from './keycloak-realm.ts';
import type { MigrationChoices } from './migration.ts';
import type { Notes } from './notes.ts';

const RSA_BITS_MIN = 2048;

/** The public halves of the keys that the realm signs with. Their private halves are not even looked at. */
export function mapKeys(
  { components }: KeycloakRealm,
  { withKeys }: Pick<MigrationChoices, 'withKeys'>,
  notes: Notes,
): ForeignKey[] {
  const keys: ForeignKey[] = [];
  for (const { name = '', providerId = '', config } of components?.['org.keycloak.keys.KeyProvider'] ?? []) {
    // The others encrypt, or sign what only Keycloak itself reads.
    if (!['rsa', 'rsa-generated', 'java-keystore'].includes(providerId)) continue;
    const key = keyOf(config);
    if (typeof key === 'string') {
      notes.add(
        {
          what: 'a signing key',
          why: key,
          todo: 'Tokens that it signed are verified at Keycloak until they expire.',
        },
        name,
      );
    } else if (!withKeys) {
      const why =
        'Its holder could sign what APIs take for tokens of this server as long as it stands in the JWKS.';
      notes.add(
        {
          what: 'a signing key',
          why,
          todo: 'If APIs are to accept old tokens by the new JWKS: --with-keys.',
        },
        name,
      );
    } else keys.push(key);
  }
  return keys;
}

/** A text says why not. */
function keyOf(config: Readonly<Record<string, readonly string[]>>): ForeignKey | string {
  const first = (member: string) => (Object.hasOwn(config, member) ? config[member]?.[0] : undefined);
  if (first('keyUse')?.toUpperCase() === 'ENC') return 'It encrypts.';
  if (first('enabled') === 'false') return 'It is disabled.';
  const alg = first('algorithm') ?? 'RS256';
  if (alg !== 'RS256') return `It signs with ${alg.slice(0, 20)}; the JWKS has RS256 of Keycloak only.`;
  const certificate = first('certificate');
  if (certificate === undefined) return 'The export has no certificate of it, as a partial export has none.';
  try {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
    if (publicKey.asymmetricKeyType !== 'rsa') return 'It is not an RSA key.';
    if ((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN)
      return 'It is shorter than 2048 bits.';
    const der = publicKey.export({ type: 'spki', format: 'der' });
    // As Keycloak makes the ids of its keys.
    const kid = createHash('sha256').update(der).digest('base64url');
    return { kid, alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) };
  } catch {
    return 'Its certificate cannot be read.';
  }
}
