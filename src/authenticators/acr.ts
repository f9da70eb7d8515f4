/**
 * What people prove themselves with beside a password: passkeys, one-time codes, recovery codes; and how much was proved in
 * the end. This room owns those credentials and the state of a sign-in between its steps. It does not own passwords and
 * accounts (`accounts/`), other people's identity providers (`upstream/`), nor what a page looks like. NIST SP 800-63B-4,
 * WebAuthn Level 3, RFC 6238; RFC 8176 for the words in `amr`.
 */
import type { Requirement } from '../config/requirement.ts';

/** The values of `acr`, weakest first (OIDC Core §2). Each says what was proved, not how much more might have been. */
export const ACR = {
  password: 'urn:guichet:acr:password',
  /** Somebody else's identity provider said so, and nothing was asked here. */
  federated: 'urn:guichet:acr:federated',
  /** Two factors, NIST AAL2. */
  mfa: 'urn:guichet:acr:mfa',
  /** Two factors of which one cannot be phished: a passkey, with a password or with a PIN or biometrics of its own. */
  phishingResistant: 'urn:guichet:acr:phishing-resistant',
} as const;

export type Acr = (typeof ACR)[keyof typeof ACR];

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
  return acr !== undefined && Object.hasOwn(LEVELS, acr) ? (LEVELS[acr] ?? 0) : 0;
}

export function meets(acr: string | undefined, requirement: Requirement): boolean {
  return levelOf(acr) >= NEEDED[requirement];
}

/**
 * What a list of `acr` values asks for: any of them will do, so the weakest that we know. undefined when we know none.
 */
export function requirementOf(acrValues: readonly string[]): Requirement | undefined {
  const levels = acrValues.map(levelOf).filter((level) => level > 0);
  if (levels.length === 0) return undefined;
  const least = Math.min(...levels);
  if (least === NEEDED['phishing-resistant']) return 'phishing-resistant';
  return least === NEEDED.mfa ? 'mfa' : 'any';
}
