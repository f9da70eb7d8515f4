import type { ConsoleFrame, Equivalent, Pager } from './console.ts';

/** What happened, who is shut out, why something was refused, who may do what. */
export interface ConsoleSecurityPages {
  readonly 'console-audit': AuditLocals;
  readonly 'console-blocks': BlocksLocals;
  readonly 'console-explain': ExplainLocals;
}

/** A person, a client, or a part of the server. */
export interface Party {
  readonly label: string;
  readonly path: string | undefined;
}

interface AuditLocals {
  readonly frame: ConsoleFrame;
  /** What was typed, by the name of its field. */
  readonly filters: Readonly<Record<string, string>>;
  /** For suggestions. */
  readonly types: readonly string[];
  readonly events: readonly AuditEvent[];
  readonly pager: Pager;
  readonly equivalent: Equivalent;
  readonly log: LogState;
  /** How much of it can be verified: a number of events, or `all`. */
  readonly lasts: readonly string[];
  readonly verification: Verification | undefined;
}

export interface AuditEvent {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly words: string;
  readonly actor: Party;
  /** Whom it is about, but for whoever did it. */
  readonly about: readonly Party[];
  readonly requestId: string | undefined;
  readonly address: string | undefined;
  /** undefined: the operator may block nothing, or there is no address. */
  readonly networkToBlock: string | undefined;
  readonly risk: {
    readonly score: number;
    readonly level: 'high' | 'medium' | 'low';
    readonly reasons: string;
  } | null;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
}

export interface LogState {
  /** Events in the chain, and what the last one hashes to. */
  readonly length: number;
  readonly hash: string;
  readonly checkpoint:
    | {
        readonly number: number;
        readonly seq: number;
        /** undefined: it is not to be believed. */
        readonly at: Date | undefined;
      }
    | undefined;
}

export interface Verification {
  readonly isFine: boolean;
  readonly summary: string;
  readonly signed: string;
  readonly findings: readonly {
    readonly code: string;
    readonly seq: number | undefined;
    readonly message: string;
  }[];
}

interface BlocksLocals {
  readonly frame: ConsoleFrame;
  readonly withThoseOver: boolean;
  readonly blocks: readonly {
    readonly id: string;
    readonly network: string;
    readonly reason: string;
    readonly by: Party;
    readonly since: Date;
    readonly expiresAt: Date | undefined;
    readonly liftedAt: Date | undefined;
    readonly isLive: boolean;
  }[];
  readonly pager: Pager;
  readonly values: Readonly<Record<string, string>>;
  /** The operator's: what it is in cannot be blocked. */
  readonly ownAddress: string;
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}

interface ExplainLocals {
  readonly frame: ConsoleFrame;
  readonly request: string;
  readonly client: string;
  readonly explanation: ExplainedRequest | undefined;
  /** An id was given, and nothing is kept under it. */
  readonly isUnknown: boolean;
  readonly keptHours: number;
  readonly latest: readonly ExplainedRequest[];
  readonly pager: Pager;
  readonly equivalent: Equivalent;
}

export interface ExplainedRequest {
  readonly id: string;
  readonly at: Date;
  readonly endpoint: string;
  readonly status: number;
  readonly outcome: string;
  readonly client: Party | undefined;
  readonly account: Party | undefined;
  readonly address: string | undefined;
  readonly steps: readonly {
    readonly step: string;
    readonly verdict: 'refused' | 'reduced' | 'noted';
    readonly words: string;
  }[];
}
