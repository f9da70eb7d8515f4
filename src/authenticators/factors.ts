import type { Requirement } from '../config/requirement.ts';

/** What an account can prove a second factor with. */
export interface Factors {
  readonly passkeys: number;
  readonly totp: boolean;
  /** Recovery codes left. They stand in for a factor and are none by themselves. */
  readonly recoveryCodes: number;
}

/** An account with a factor is never signed in without it, except on a device it is remembered on. */
export function hasFactor({ passkeys, totp }: Factors): boolean {
  return passkeys > 0 || totp;
}

/** Whether what the account has suffices, once all of it is proved. */
export function canMeet(factors: Factors, requirement: Requirement): boolean {
  if (requirement === 'any') return true;
  return requirement === 'mfa' ? hasFactor(factors) : factors.passkeys > 0;
}
