import type { RiskReason } from './risk.ts';

/** Who did it: `cli`, `system`, `client:ID`, `account:ID`. */
export type Actor = string;

/** What happened, to whom, by whom. `detail` is for facts an operator needs; never a secret, a token or a password. */
export interface AuditEvent {
  readonly occurredAt: Date;
  /** `noun.verb` in the past tense, e.g. `client.created`. */
  readonly type: string;
  readonly actor: Actor;
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  /** Of the request that is being answered, unless said otherwise (circumstances.ts). */
  readonly requestId?: string | undefined;
  readonly address?: string | undefined;
  /** What looks wrong about it. */
  readonly reasons?: readonly RiskReason[] | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}
