/**
 * Explanations: what an operator finds under a request id that a client or a person was given. This room owns the words that were
 * collected while a request was decided, and their keeping for a day. It decides nothing, and nothing of it is ever shown to
 * who asked: an answer that explained itself would help whoever guesses (RFC 6749 §10.10, RFC 9700 §4.3). Diagnostics, and no record:
 * what must not be lost is in the audit log.
 */

/** `refused`: this is why. `reduced`: the answer holds less than was asked for. `noted`: worth knowing beside it. */
export type Verdict = 'refused' | 'reduced' | 'noted';

export interface DecisionLine {
  /** What was looked at: `redirect_uri`, `client authentication`. */
  readonly step: string;
  readonly verdict: Verdict;
  /** A sentence, without a secret. */
  readonly words: string;
}

export interface Decision {
  readonly requestId: string;
  readonly decidedAt: Date;
  /** A route of routes.ts: `/token`. */
  readonly endpoint: string;
  readonly status: number;
  /** The error code that was answered, or `ok`. */
  readonly outcome: string;
  readonly clientId: string | null;
  readonly accountId: string | null;
  readonly address: string | null;
  readonly lines: readonly DecisionLine[];
}

export const DECISION_KEEP_SECONDS = 86_400;

/** Some 100 MB. Beyond it the oldest go before their time. */
export const DECISIONS_MAX = 100_000;

const WORDS_LENGTH_MAX = 600;
const QUOTED_LENGTH_MAX = 160;

/** What codes, tokens, secrets, verifiers and assertions look like: no word of ours is as long, and no id. */
const SECRET_LOOKING = /[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]*)*/g;

/** Text from outside for a sentence: cut, printable, in quotation marks. */
export function quote(value: unknown): string {
  if (typeof value !== 'string')
    return value === undefined ? 'nothing' : `something that is no text (${typeof value})`;
  return `"${cut(printable(value), QUOTED_LENGTH_MAX)}"`;
}

/** The last gate before anything is kept: whoever wrote the sentence, nothing that looks like a secret passes. */
export function toLine({ step, verdict, words }: DecisionLine): DecisionLine {
  return { step, verdict, words: cut(printable(words), WORDS_LENGTH_MAX) };
}

export function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\p{C}/gu, '\ufffd')
    .replaceAll(SECRET_LOOKING, (run) => `(${run.length} characters)`);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
