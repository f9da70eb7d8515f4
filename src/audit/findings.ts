/** What was found wrong with the log. */
export type FindingCode =
  | 'event_changed'
  | 'event_missing'
  | 'event_unchained'
  | 'link_missing'
  | 'link_repeated'
  | 'chain_truncated'
  | 'chain_rewritten'
  | 'checkpoint_invalid'
  | 'checkpoint_missing'
  | 'protection_missing';

export interface AuditFinding {
  readonly code: FindingCode;
  /** Where in the chain. */
  readonly seq?: number;
  readonly eventId?: number;
  /** When the event says that it happened; of a checkpoint, when it was signed. */
  readonly at?: Date | undefined;
  /** For operators. */
  readonly message: string;
}

export interface Findings {
  add(finding: AuditFinding): void;
  list(): readonly AuditFinding[];
  count(): number;
}

/** As many as somebody reads; of a log that was exchanged whole there is one for each event. */
const KEPT_MAX = 100;

export function createFindings(): Findings {
  const kept: AuditFinding[] = [];
  let count = 0;
  return {
    add(finding) {
      count += 1;
      if (kept.length < KEPT_MAX) kept.push(finding);
    },
    list: () => kept,
    count: () => count,
  };
}
