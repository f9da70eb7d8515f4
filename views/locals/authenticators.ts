import type { AccountFrame } from './account.ts';
import type { ClientCard, Person } from './core.ts';

/** Pages of passkeys, one-time codes, recovery codes. */
export interface AuthenticatorPages {
  readonly 'second-factor': SecondFactorLocals;
  readonly enrol: {
    readonly step: StepFrame;
    readonly takesTotp: boolean;
    readonly problem: EnrolProblem | undefined;
  };
  readonly 'enrol-passkey': { readonly step: StepFrame } & PasskeySetup;
  readonly 'enrol-totp': { readonly step: StepFrame } & TotpSetup;
  readonly 'recovery-codes': { readonly step: StepFrame } & RecoveryCodesLocals;
  readonly 'account-security': SecurityLocals;
  readonly 'account-passkey': { readonly frame: AccountFrame } & PasskeySetup;
  readonly 'account-totp': { readonly frame: AccountFrame } & TotpSetup;
  readonly 'account-recovery-codes': { readonly frame: AccountFrame } & RecoveryCodesLocals;
  readonly 'account-remove-factor': RemovalLocals;
}

/** What every step after the first factor knows. */
export interface StepFrame {
  readonly uid: string;
  readonly csrf: string;
  readonly client: ClientCard;
  readonly person: Person;
  /** Where the person goes afterwards; undefined in the device flow. */
  readonly destination: string | undefined;
}

export type SecondFactorProblem =
  'stale' | 'codeMissing' | 'recoveryMissing' | 'codeRejected' | 'passkeyRejected' | 'locked';

interface SecondFactorLocals {
  readonly step: StepFrame;
  /** `PublicKeyCredentialRequestOptionsJSON`; undefined: the person has no passkey. */
  readonly passkeyOptions: string | undefined;
  readonly takesTotp: boolean;
  readonly takesRecovery: boolean;
  /** The person wants to use a recovery code. */
  readonly recovering: boolean;
  /** A new passkey may be set up instead. */
  readonly mayEnrol: boolean;
  /** For how long the device may be remembered; 0: not at all. */
  readonly rememberDays: number;
  readonly problem: SecondFactorProblem | undefined;
  /** Until codes are taken again, when there were too many wrong ones. */
  readonly waitSeconds: number;
}

export type EnrolProblem =
  'stale' | 'codeMissing' | 'codeRejected' | 'nameInvalid' | 'passkeyRejected' | 'passkeyTaken' | 'notKept';

export interface PasskeySetup {
  /** `PublicKeyCredentialCreationOptionsJSON`. */
  readonly options: string;
  /** As typed, or as proposed. */
  readonly name: string;
  readonly problem: EnrolProblem | undefined;
}

export interface TotpSetup {
  /** Side in modules, and the dark ones as an SVG path to be stroked one wide (authenticators/qr.ts). */
  readonly qr: { readonly size: number; readonly path: string };
  /** The same for typing, in groups of four. */
  readonly secret: string;
  readonly problem: EnrolProblem | undefined;
}

export interface RecoveryCodesLocals {
  readonly codes: readonly string[];
  readonly problem: EnrolProblem | undefined;
}

interface SecurityLocals {
  readonly frame: AccountFrame;
  readonly passkeys: readonly {
    readonly id: string;
    readonly name: string;
    readonly createdAt: Date;
    readonly lastUsedAt: Date | undefined;
    /** It may be on several devices of the person. */
    readonly isSynced: boolean;
  }[];
  readonly totp: { readonly createdAt: Date; readonly lastUsedAt: Date | undefined } | undefined;
  /** How many are left; undefined: there is nothing they would stand in for. */
  readonly recoveryCodes: number | undefined;
  /** Where the second factor is not asked for. */
  readonly devices: readonly {
    readonly id: string;
    /** `Firefox, Windows`; undefined when the browser told nothing of itself. */
    readonly label: string | undefined;
    readonly createdAt: Date;
    readonly expiresAt: Date;
    readonly isCurrent: boolean;
  }[];
  /** Everybody needs two factors here. */
  readonly isRequired: boolean;
}

interface RemovalLocals {
  readonly frame: AccountFrame;
  /** Id of a passkey, or `totp`. */
  readonly item: string;
  /** Of the passkey; undefined for the app. */
  readonly name: string | undefined;
  /** The person then signs in with the password alone. */
  readonly isLast: boolean;
  /** It cannot be removed, because everybody needs two factors. */
  readonly isRequired: boolean;
}
