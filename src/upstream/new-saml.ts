import { makeOwnKey } from './saml-certificate.ts';
import type { ProviderMetadata } from './saml-metadata.ts';
import { NAME_ID, type SamlSettings } from './saml-settings.ts';
import type { ProviderSecrets } from './secrets.ts';

export interface SamlWishes {
  readonly subjectAttribute?: string | undefined;
  /** A short name of {@link NAME_ID}, or the whole one. Default: `persistent`. */
  readonly nameIdFormat?: string | undefined;
  /** Default: as their metadata wants it. */
  readonly signsRequests?: boolean | undefined;
  readonly startUrl?: string | undefined;
}

/** Settings and secrets of a new SAML provider, with a key of our own, which takes a second to make. */
export async function newSaml(
  { issuer, now }: { issuer: string; now: Date },
  { wantsSignedRequests, ...theirs }: ProviderMetadata,
  wishes: SamlWishes,
): Promise<{ settings: SamlSettings; secrets: ProviderSecrets }> {
  const { certificate, privateKey } = await makeOwnKey(new URL(issuer).hostname, now);
  const subjectAttribute = wishes.subjectAttribute ?? null;
  return {
    settings: {
      ...theirs,
      certificates: [...theirs.certificates],
      subjectAttribute,
      nameIdFormat: subjectAttribute === null ? nameIdFormatOf(wishes.nameIdFormat) : null,
      ownCertificate: certificate,
      signsRequests: wishes.signsRequests ?? wantsSignedRequests,
      startUrl: wishes.startUrl ?? null,
    },
    secrets: { privateKey },
  };
}

/** Short names for the formats of SAML Core §8.3. */
function nameIdFormatOf(given = 'persistent'): string {
  return new Map<string, string>(Object.entries(NAME_ID)).get(given) ?? given;
}
