import { AppError } from '../errors.ts';

/** A WebAuthn credential of a person. */
export interface Passkey {
  readonly id: string;
  readonly accountId: string;
  /** The authenticator's own name for it. */
  readonly credentialId: Buffer;
  /** COSE. */
  readonly publicKey: Buffer;
  /** WebAuthn §6.1.1: grows with each use, or stays 0. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** It may be copied to other devices of the person (§6.1.3), so no single piece of hardware is proved by it. */
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  /** The authenticator knew its user (PIN, finger) when it was made. */
  readonly userVerified: boolean;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** Nobody carries so many; it bounds what is sent to the browser at each sign-in. */
export const PASSKEYS_MAX = 20;

export const FACTOR_NAME_LENGTH_MAX = 60;

/** What a person calls a passkey or an app. Throws `invalid_factor_name` (400). */
export function checkFactorName(typed: string): string {
  const name = typed.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();
  const isFine = name !== '' && Array.from(name).length <= FACTOR_NAME_LENGTH_MAX && !/\p{Cc}/u.test(name);
  if (isFine && name.isWellFormed()) return name;
  throw new AppError('invalid_factor_name', `A name is 1 to ${FACTOR_NAME_LENGTH_MAX} characters.`, {
    status: 400,
  });
}

/** RFC 8176: a passkey that never leaves its device is a hardware key, one that is copied between devices is not. */
export function amrOf({ backupEligible }: Pick<Passkey, 'backupEligible'>): 'hwk' | 'swk' {
  return backupEligible ? 'swk' : 'hwk';
}
