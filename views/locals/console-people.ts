import type { HeldRoles } from './console-access.ts';
import type { ConsoleFrame, Equivalent, Form, Pager, Search } from './console.ts';

/** Users. */
export interface ConsolePeoplePages {
  readonly 'console-users': UsersLocals;
  readonly 'console-new-user': NewUserLocals;
  readonly 'console-user': UserLocals;
}

interface UsersLocals {
  readonly frame: ConsoleFrame;
  readonly search: Search;
  readonly pager: Pager;
  readonly users: readonly {
    readonly id: string;
    readonly name: string;
    readonly identifier: string;
    readonly isVerified: boolean;
    readonly isDisabled: boolean;
    readonly createdAt: Date;
  }[];
  readonly mayWrite: boolean;
}

interface NewUserLocals {
  readonly frame: ConsoleFrame;
  readonly values: Readonly<Record<string, string>>;
  readonly equivalent: Equivalent;
}

interface UserLocals {
  readonly frame: ConsoleFrame;
  readonly id: string;
  readonly name: string;
  readonly isDisabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly hasPassword: boolean;
  readonly passwordChangedAt: Date | undefined;
  readonly form: Form;
  readonly factors: { readonly passkeys: number; readonly totp: boolean; readonly recoveryCodes: number };
  readonly identities: readonly { readonly id: string; readonly provider: string; readonly label: string }[];
  /** undefined, here and below: not for this operator's eyes. */
  readonly sessions:
    | readonly {
        readonly id: string;
        readonly device: string;
        readonly address: string;
        readonly since: Date;
        readonly lastUsedAt: Date;
      }[]
    | undefined;
  readonly consents:
    | readonly {
        readonly clientId: string;
        readonly name: string;
        readonly scopes: readonly string[];
        readonly since: Date;
      }[]
    | undefined;
  readonly roles: HeldRoles | undefined;
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
  readonly mayEndSessions: boolean;
  readonly mayWithdraw: boolean;
}
