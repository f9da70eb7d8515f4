import type { Answer } from '../support/node.ts';

/**
 * What clients did to the server and what they were told, for rules that hold over a whole run. It records what an outsider
 * knows and nothing else: a request that got no answer, or a 5xx, may have had its effect or not.
 */
export interface Operation {
  readonly kind: string;
  /** The thing that was used or changed: a code, a refresh token, a jti. */
  readonly key: string;
  readonly node: number;
  /** Milliseconds on one monotonic clock. */
  readonly start: number;
  readonly end: number;
  readonly outcome: 'ok' | 'refused' | 'unknown';
  /** undefined when no answer came. */
  readonly answer: Answer | undefined;
}

export interface History {
  readonly operations: readonly Operation[];
  /** Runs a request and writes it down. Never rejects. */
  run(what: { kind: string; key: string; node: number }, request: () => Promise<Answer>): Promise<Operation>;
  of(kind: string): Operation[];
}

export function createHistory(): History {
  const operations: Operation[] = [];
  return {
    operations,
    async run(what, request) {
      const start = performance.now();
      const answer = await request().catch(() => undefined);
      const operation = { ...what, start, end: performance.now(), outcome: outcomeOf(answer), answer };
      operations.push(operation);
      return operation;
    },
    of: (kind) => operations.filter((operation) => operation.kind === kind),
  };
}

function outcomeOf(answer: Answer | undefined): Operation['outcome'] {
  if (!answer || answer.status >= 500) return 'unknown';
  return answer.status < 400 ? 'ok' : 'refused';
}

/** Keys with more than one success. */
export function spentTwice(operations: readonly Operation[]): string[] {
  return keysWhere(operations, (same) => same.filter(({ outcome }) => outcome === 'ok').length > 1);
}

/** Keys that nobody succeeded with, though every request was answered. */
export function wonByNobody(operations: readonly Operation[]): string[] {
  return keysWhere(operations, (same) => same.every(({ outcome }) => outcome === 'refused'));
}

/** Keys whose successes were not all the same answer. */
export function answeredDifferently(operations: readonly Operation[]): string[] {
  return keysWhere(operations, (same) => {
    const successes = same.filter(({ outcome }) => outcome === 'ok');
    return new Set(successes.map(({ answer }) => answer?.text)).size > 1;
  });
}

/** How often each answer was given, as `status error`: what to print when a rule is broken. */
export function tally(operations: readonly Operation[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { answer } of operations) {
    const error = answer?.json['error'];
    const label = answer
      ? [answer.status, ...(typeof error === 'string' ? [error] : [])].join(' ')
      : 'no answer';
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

function keysWhere(operations: readonly Operation[], rule: (same: Operation[]) => boolean): string[] {
  const groups = Map.groupBy(operations, ({ key }) => key);
  return [...groups].flatMap(([key, same]) => (rule(same) ? [key] : []));
}
