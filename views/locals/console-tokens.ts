import type { Party } from './console-security.ts';
import type { ConsoleFrame, Equivalent, Pager } from './console.ts';

/** Sessions, access tokens, keys. */
export interface ConsoleTokenPages {
  readonly 'console-sessions': SessionsLocals;
  readonly 'console-tokens': TokensLocals;
  readonly 'console-keys': KeysLocals;
}

interface SessionsLocals {
  readonly frame: ConsoleFrame;
  readonly filters: { readonly account: string; readonly client: string };
  readonly pager: Pager;
  readonly sessions: readonly {
    readonly id: string;
    readonly person: Party;
    readonly device: string;
    readonly address: string;
    readonly clients: readonly Party[];
    readonly since: Date;
    readonly lastUsedAt: Date;
  }[];
  readonly mayWrite: boolean;
}

interface TokensLocals {
  readonly frame: ConsoleFrame;
  readonly filters: {
    readonly client: string;
    readonly account: string;
    readonly api: string;
    readonly state: string;
  };
  /** To choose from; none for whoever may not look at APIs. */
  readonly apis: readonly { readonly id: string; readonly audience: string }[];
  readonly states: readonly string[];
  readonly pager: Pager;
  readonly tokens: readonly {
    readonly id: string;
    readonly client: Party;
    /** undefined: the client acts for itself. */
    readonly person: Party | undefined;
    readonly audience: string;
    readonly state: string;
    readonly isAlive: boolean;
    readonly issuedAt: Date;
    readonly expiresAt: Date;
  }[];
  /** Of the token that was pasted. */
  readonly explanation: Explanation | undefined;
  readonly mayWrite: boolean;
}

export interface Explanation {
  readonly what: string;
  readonly summary: string;
  readonly verifiers: string;
  readonly isAlive: boolean;
  /** Of the ledger, of an access token that can be revoked. */
  readonly tokenId: string | undefined;
  readonly times: readonly { readonly label: string; readonly at: Date }[];
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** Pretty JSON; undefined: it is none. */
  readonly claims: string | undefined;
}

interface KeysLocals {
  readonly frame: ConsoleFrame;
  readonly keys: readonly {
    readonly kid: string;
    readonly alg: string;
    readonly state: string;
    readonly since: Date;
    readonly mayRevoke: boolean;
  }[];
  readonly algs: readonly string[];
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}
