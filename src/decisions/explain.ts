import type { DecisionLine } from './decision.ts';

/** What was said of one request until now. */
export interface Notes {
  readonly lines: DecisionLine[];
  /** Work that is done after the answer has left, so that neither its contents nor its time tell anything of it. */
  readonly later: (() => Promise<readonly DecisionLine[]>)[];
  outcome?: string | undefined;
  clientId?: string | undefined;
  accountId?: string | undefined;
}

const notes = new WeakMap<object, Notes>();

/** Adds a sentence to what is kept of the request. `ctx` is Koa's context of it. */
export function explain(ctx: object, line: DecisionLine): void {
  notesFor(ctx).lines.push(line);
}

export function explainLater(ctx: object, work: () => Promise<readonly DecisionLine[]>): void {
  notesFor(ctx).later.push(work);
}

/** Whom it was about. What is undefined leaves as it is what was said before. */
export function explainWhose(ctx: object, parties: Pick<Notes, 'outcome' | 'clientId' | 'accountId'>): void {
  const known = notesFor(ctx);
  known.outcome = parties.outcome ?? known.outcome;
  known.clientId = parties.clientId ?? known.clientId;
  known.accountId = parties.accountId ?? known.accountId;
}

/** What was said proved wrong: the request was answered after all. */
export function explainNothing(ctx: object): void {
  notes.delete(ctx);
}

export function notesOf(ctx: object): Notes | undefined {
  return notes.get(ctx);
}

function notesFor(ctx: object): Notes {
  const known = notes.get(ctx) ?? { lines: [], later: [] };
  notes.set(ctx, known);
  return known;
}
