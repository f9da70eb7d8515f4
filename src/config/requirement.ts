/** How sure an operator wants to be of people, for the whole server, a client or an API; weakest first. */
export const REQUIREMENTS = ['any', 'mfa', 'phishing-resistant'] as const;
export type Requirement = (typeof REQUIREMENTS)[number];

/** Of several demands the strongest counts. */
export function strongest(...requirements: readonly Requirement[]): Requirement {
  return REQUIREMENTS[Math.max(0, ...requirements.map((each) => REQUIREMENTS.indexOf(each)))] ?? 'any';
}
