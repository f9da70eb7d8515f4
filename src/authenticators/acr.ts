/**
 * What people prove themselves with beside a password: passkeys, one-time codes, recovery codes; and how much was proved in
 * the end. This room owns those credentials and the state of a sign-in between its steps. It does not own passwords and
 * accounts (`accounts/`), other people's identity providers (`upstream/`), nor what a page looks like. NIST SP 800-63B-4,
 * WebAuthn Level 3, RFC 6238; RFC 8176 for the words in `amr`.
 */

/** The values of `acr`, weakest first (OIDC Core §2). Each says what was proved, not how much more might have been. */
export const ACR = {
  password: 'urn:guichet:acr:password',
  /** Somebody else's identity provider said so, and nothing was asked here. */
  federated: 'urn:guichet:acr:federated',
  /** Two factors, NIST AAL2. */
  mfa: 'urn:guichet:acr:mfa',
  /** Two factors of which one cannot be phished: a passkey that verified its user. */
  phishingResistant: 'urn:guichet:acr:phishing-resistant',
} as const;

export type Acr = (typeof ACR)[keyof typeof ACR];

/** How sure a client, an API or the whole server wants to be of people. */
export const REQUIREMENTS = ['any', 'mfa', 'phishing-resistant'] as const;
export type Requirement = (typeof REQUIREMENTS)[number];

/** What `amr` (RFC 8176) amounts to. */
export function acrOf(amr: readonly string[]): Acr {
  const used = new Set(amr);
  if (used.has('mfa') && (used.has('hwk') || used.has('swk'))) return ACR.phishingResistant;
  if (used.has('mfa')) return ACR.mfa;
  return used.has('fed') ? ACR.federated : ACR.password;
}

const LEVELS: Readonly<Record<string, number>> = {
  [ACR.password]: 1,
  [ACR.federated]: 1,
  [ACR.mfa]: 2,
  [ACR.phishingResistant]: 3,
};

const NEEDED: Readonly<Record<Requirement, number>> = { any: 0, mfa: 2, 'phishing-resistant': 3 };

/** 0 for what we do not know. */
export function levelOf(acr: string | undefined): number {
  return acr === undefined ? 0 : (LEVELS[acr] ?? 0);
}

export function meets(acr: string | undefined, requirement: Requirement): boolean {
  return levelOf(acr) >= NEEDED[requirement];
}
