import { acrOf, meets } from '../authenticators/acr.ts';
import { hasFactor, type Factors } from '../authenticators/factors.ts';
import type { Progress } from '../authenticators/progress.ts';
import type { Demand } from '../oidc/demand.ts';

/** What a person has to do before they are signed in; each is a word of `/interaction/:uid/word`. */
export type MissingStep = 'second-factor' | 'new-password' | 'enrol' | 'recovery-codes';

export interface Proof {
  readonly progress: Progress;
  readonly factors: Factors;
  readonly demand: Demand;
  /** The person asked not to be asked on this device. */
  readonly isRemembered: boolean;
  /** New recovery codes wait on the person's screen. */
  readonly hasDraft: boolean;
  /** An operator wants the person to choose another password. */
  readonly mustChangePassword: boolean;
}

/**
 * The rules of the second factor, in one place. Whoever has one is asked for it, unless an upstream that is trusted with it
 * said that it was proved (`mfa`), or on a device that is remembered, which is never enough for whoever demands two factors.
 * undefined: nothing is missing.
 */
export function missingStep(proof: Proof): MissingStep | undefined {
  const { progress, factors, demand, isRemembered, hasDraft } = proof;
  const { amr, secondFactor, identityId } = progress;
  const mayBeSpared = isRemembered && demand.required === 'any' && demand.wished === 'any';
  if (hasFactor(factors) && !amr.includes('mfa') && !mayBeSpared) return 'second-factor';
  // After the second factor: whoever has only the old password must not get to replace it. A directory's password is not ours.
  if (proof.mustChangePassword && amr.includes('pwd') && identityId === null) return 'new-password';
  if (!meets(acrOf(amr), demand.required)) {
    // An upstream's word does not reach this far, or a code was typed where only a passkey will do.
    const canProveMore = hasFactor(factors) && secondFactor === undefined;
    const hasStronger = factors.passkeys > 0 && secondFactor !== 'passkey';
    return canProveMore || hasStronger ? 'second-factor' : 'enrol';
  }
  return hasDraft ? 'recovery-codes' : undefined;
}

/**
 * Who may set a factor up in the middle of signing in: somebody without one whose first factor is fresh, or somebody who has
 * just proved one of theirs and needs a stronger one. Nobody else: it would be a way around the factor they have.
 */
export function mayEnrol(
  { progress, factors, demand }: Pick<Proof, 'progress' | 'factors' | 'demand'>,
  { now, freshSeconds }: { now: Date; freshSeconds: number },
): boolean {
  if (meets(acrOf(progress.amr), demand.required)) return false;
  if (progress.secondFactor !== undefined) return true;
  const { authenticatedAt } = progress;
  const isFresh =
    authenticatedAt === undefined || now.getTime() - authenticatedAt.getTime() <= freshSeconds * 1000;
  return !hasFactor(factors) && isFresh;
}
