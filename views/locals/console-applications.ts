import type { HeldRoles } from './console-access.ts';
import type { ConsoleFrame, Equivalent, Form, Pager, Search } from './console.ts';

/** Clients and APIs. */
export interface ConsoleApplicationPages {
  readonly 'console-clients': ClientsLocals;
  readonly 'console-new-client': NewClientLocals;
  readonly 'console-client': ClientLocals;
  readonly 'console-apis': ApisLocals;
  readonly 'console-new-api': NewApiLocals;
  readonly 'console-api': ApiLocals;
}

interface ClientsLocals {
  readonly frame: ConsoleFrame;
  readonly search: Search;
  readonly pager: Pager;
  readonly clients: readonly {
    readonly id: string;
    readonly name: string;
    readonly what: string;
    readonly apis: readonly string[];
    readonly isDisabled: boolean;
    readonly isUnverified: boolean;
    readonly createdAt: Date;
  }[];
  readonly mayWrite: boolean;
}

export type ClientKindChoice = 'web' | 'spa' | 'native' | 'machine' | 'device' | 'mcp' | 'api';

interface NewClientLocals {
  readonly frame: ConsoleFrame;
  /** undefined: none is chosen yet. */
  readonly choice: { readonly kind: ClientKindChoice } | undefined;
  readonly values: Readonly<Record<string, string>>;
  /** Audiences, for suggestions. */
  readonly audiences: readonly string[];
  readonly equivalent: Equivalent;
}

interface ClientLocals {
  readonly frame: ConsoleFrame;
  readonly id: string;
  readonly name: string;
  readonly what: string;
  readonly isDisabled: boolean;
  readonly isUnverified: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly takesRedirects: boolean;
  readonly hasSecrets: boolean;
  readonly form: Form;
  readonly access: readonly {
    readonly audience: string;
    readonly apiName: string;
    readonly scopes: readonly {
      readonly name: string;
      readonly description: string;
      readonly isGiven: boolean;
    }[];
  }[];
  readonly audiences: readonly string[];
  /** What it may do for itself. undefined: not for this operator's eyes, or it never acts for itself. */
  readonly roles: HeldRoles | undefined;
  readonly secrets: readonly {
    readonly hint: string;
    readonly createdAt: Date;
    readonly expiresAt: Date | undefined;
    readonly lastUsedAt: Date | undefined;
  }[];
  readonly snippets: readonly Snippet[];
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}

export interface Snippet {
  readonly title: string;
  readonly text: string;
}

interface ApisLocals {
  readonly frame: ConsoleFrame;
  readonly search: Search;
  readonly pager: Pager;
  readonly apis: readonly {
    readonly id: string;
    readonly name: string;
    readonly audience: string;
    readonly scopeCount: number;
    readonly isDisabled: boolean;
    readonly isBuiltIn: boolean;
    readonly ttlSeconds: number;
  }[];
  readonly mayWrite: boolean;
}

interface NewApiLocals {
  readonly frame: ConsoleFrame;
  readonly values: Readonly<Record<string, string>>;
  readonly algs: readonly string[];
  readonly equivalent: Equivalent;
}

interface ApiLocals {
  readonly frame: ConsoleFrame;
  readonly id: string;
  readonly name: string;
  readonly audience: string;
  readonly isDisabled: boolean;
  readonly isBuiltIn: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly form: Form;
  readonly algs: readonly string[];
  readonly scopes: readonly { readonly name: string; readonly description: string }[];
  readonly clients: readonly {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
  }[];
  readonly snippets: readonly Snippet[];
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}
