import type { AccountFrame } from './account.ts';
import type { StepFrame } from './authenticators.ts';
import type { ClientCard } from './core.ts';

/** Pages of joining, confirming an address, a forgotten password. */
export interface RegistrationPages {
  readonly register: RegisterLocals;
  readonly reset: ResetLocals;
  readonly 'check-mail': InteractionLocals & {
    readonly about: 'registration' | 'reset';
    readonly validSeconds: number;
  };
  readonly registration: NewPasswordLocals & {
    readonly name: string;
    readonly problem: NewPasswordProblem | 'stale' | 'name' | undefined;
  };
  readonly 'password-reset': NewPasswordLocals & {
    readonly problem: NewPasswordProblem | 'stale' | undefined;
  };
  readonly 'new-password': {
    readonly step: StepFrame;
    /** What the person signs in with, for their password manager. */
    readonly name: string;
    /** Characters. */
    readonly lengthMin: number;
    readonly problem: RequiredPasswordProblem | undefined;
  };
  readonly 'email-change': LinkFormLocals & { readonly stale: boolean };
  readonly 'email-confirmed': undefined;
  readonly 'dead-link': DeadLinkLocals;
  readonly 'account-email': AccountEmailLocals;
  readonly 'account-password': AccountPasswordLocals;
}

interface InteractionLocals {
  readonly uid: string;
  readonly csrf: string;
  readonly client: ClientCard;
  /** Where the person goes afterwards; undefined in the device flow. */
  readonly destination: string | undefined;
}

interface RegisterLocals extends InteractionLocals {
  readonly email: string;
  /** Those that may join; none: all. */
  readonly domains: readonly string[];
  readonly problem: RegisterProblem | undefined;
}

interface ResetLocals extends InteractionLocals {
  readonly identifier: string;
  readonly problem: ResetProblem | undefined;
}

interface LinkFormLocals {
  readonly token: string;
  readonly csrf: string;
  readonly email: string;
}

interface NewPasswordLocals extends LinkFormLocals {
  /** Characters. */
  readonly lengthMin: number;
}

export interface DeadLinkLocals {
  readonly about: 'registration' | 'reset' | 'email';
}

interface AccountEmailLocals {
  readonly frame: AccountFrame;
  /** undefined: the account has none. */
  readonly email: string | undefined;
  readonly verified: boolean;
  /** Mails are sent here; otherwise nothing can be confirmed. */
  readonly mayChange: boolean;
  /** What was typed, when the form comes back. */
  readonly wanted: string;
  readonly problem: EmailProblem | undefined;
  /** A link is on its way. */
  readonly sent: boolean;
}

export type EmailProblem = 'missing' | 'invalid' | 'same';

interface AccountPasswordLocals {
  readonly frame: AccountFrame;
  readonly hasPassword: boolean;
  /** There is an address to which a link for a first password can be sent. */
  readonly mayAsk: boolean;
  /** Characters. */
  readonly lengthMin: number;
  readonly problem: PasswordFormProblem | undefined;
  readonly done: 'changed' | 'sent' | undefined;
}

export type PasswordFormProblem =
  | { readonly kind: NewPasswordProblem | 'currentMissing' | 'rejected' }
  | { readonly kind: 'tooMany'; readonly waitSeconds: number };

export type RequiredPasswordProblem = NewPasswordProblem | 'same' | 'stale';

export type RegisterProblem = 'missing' | 'invalid' | 'domain' | 'stale';
export type ResetProblem = 'missing' | 'invalid' | 'stale';

export type NewPasswordProblem =
  | 'missing'
  | 'different'
  | 'too-short'
  | 'too-long'
  | 'unusable-characters'
  | 'predictable'
  | 'names-you'
  | 'common';
