import type { Party } from './console-security.ts';
import type { ConsoleFrame, Equivalent, Form, Pager } from './console.ts';

/** Roles, and through whom people come. */
export interface ConsoleAccessPages {
  readonly 'console-roles': RolesLocals;
  readonly 'console-new-role': NewRoleLocals;
  readonly 'console-role': RoleLocals;
  readonly 'console-identity-providers': IdentityProvidersLocals;
  readonly 'console-identity-provider': IdentityProviderLocals;
  readonly 'console-new-identity-provider': NewIdentityProviderLocals;
}

interface RolesLocals {
  readonly frame: ConsoleFrame;
  /** The one whose roles are shown; empty: all. */
  readonly api: string;
  readonly audiences: readonly string[];
  readonly roles: readonly {
    readonly id: string;
    readonly name: string;
    readonly audience: string;
    readonly description: string;
    readonly scopes: readonly string[];
    readonly isBuiltIn: boolean;
  }[];
  readonly pager: Pager;
  readonly mayWrite: boolean;
}

export interface CarriedScope {
  readonly name: string;
  readonly description: string;
  readonly isCarried: boolean;
}

interface NewRoleLocals {
  readonly frame: ConsoleFrame;
  /** undefined: none is chosen yet. */
  readonly audience: string | undefined;
  readonly audiences: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  /** Of the API. */
  readonly scopes: readonly CarriedScope[];
  readonly equivalent: Equivalent;
}

interface RoleLocals {
  readonly frame: ConsoleFrame;
  readonly id: string;
  readonly name: string;
  readonly audience: string;
  readonly apiId: string | undefined;
  /** Whether roles count at its API. */
  readonly isEnforced: boolean;
  readonly isBuiltIn: boolean;
  readonly description: string;
  readonly createdAt: Date;
  readonly form: Form;
  readonly scopes: readonly CarriedScope[];
  readonly holders: readonly RoleHolder[];
  /** What was typed for whom it is to be given to. */
  readonly who: string;
  readonly pager: Pager;
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}

/** On the page of a person or a client. */
export interface HeldRoles {
  /** Of that page. */
  readonly path: string;
  readonly held: readonly {
    readonly id: string;
    readonly name: string;
    readonly audience: string;
    /** The identity provider whose group gave it; undefined: an operator did. */
    readonly providerId: string | undefined;
    readonly givenAt: Date;
  }[];
  /** What can be given beside them. */
  readonly choices: readonly { readonly id: string; readonly label: string }[];
  readonly mayWrite: boolean;
}

export interface RoleHolder {
  readonly id: string;
  readonly isClient: boolean;
  readonly party: Party;
  /** `operator`, or the identity provider whose group gave it. */
  readonly source: string;
  readonly givenAt: Date;
  readonly givenBy: Party;
}

interface IdentityProvidersLocals {
  readonly frame: ConsoleFrame;
  readonly providers: readonly {
    readonly id: string;
    readonly name: string;
    readonly slug: string;
    readonly kind: string;
    readonly domains: readonly string[];
    readonly isDisabled: boolean;
  }[];
  readonly mayWrite: boolean;
}

interface IdentityProviderLocals {
  readonly frame: ConsoleFrame;
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly kind: string;
  readonly isDisabled: boolean;
  /** How many are connected through it. */
  readonly people: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** What the other side has to be told. */
  readonly addresses: readonly Fact[];
  readonly settings: readonly Fact[];
  readonly groups: readonly {
    readonly group: string;
    readonly roleId: string;
    readonly role: string;
    readonly audience: string;
  }[];
  readonly roles: readonly { readonly id: string; readonly label: string }[];
  readonly values: { readonly group: string; readonly role: string };
  readonly form: Form;
  readonly fields: readonly SettingField[];
  /** What replaces the secret, or the certificates, that there are. */
  readonly secret: { readonly name: string; readonly label: string; readonly hint: string };
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}

export interface SettingField {
  readonly name: string;
  readonly control: 'text' | 'words' | 'lines' | 'switch' | 'choice';
  readonly label: string;
  readonly hint?: string;
  readonly choices?: readonly (readonly [value: string, label: string])[];
  /** Not among the first things one looks for. */
  readonly isFurther?: true;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

interface NewIdentityProviderLocals {
  readonly frame: ConsoleFrame;
  readonly values: Readonly<Record<string, string>>;
  readonly authMethods: readonly string[];
  /** Lines for the shell. */
  readonly saml: string;
  readonly ldap: string;
  readonly equivalent: Equivalent;
}
