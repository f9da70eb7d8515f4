import type { Seal } from '../crypto/seal.ts';
import type { IdentityProvider } from './identity-provider.ts';

/** What proves us to a provider: `clientSecret`, a bind password, a private key. Names are each kind's own. */
export type ProviderSecrets = Readonly<Record<string, string>>;

export function sealSecrets(seal: Seal, id: string, secrets: ProviderSecrets): Buffer | null {
  if (Object.keys(secrets).length === 0) return null;
  return seal.seal(Buffer.from(JSON.stringify(secrets)), contextOf(id));
}

export function openSecrets(
  seal: Seal,
  { id, sealedSecrets }: Pick<IdentityProvider, 'id' | 'sealedSecrets'>,
): ProviderSecrets {
  return sealedSecrets === null ? {} : JSON.parse(seal.open(sealedSecrets, contextOf(id)).toString());
}

function contextOf(id: string): string {
  return `identity_providers|secrets|${id}`;
}
