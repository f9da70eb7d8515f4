import type { InspectionContext } from './context.ts';
import { KINDS, kindOf } from './kind.ts';
import { findLife } from './life.ts';
import { readToken } from './reading.ts';
import { referencesOf } from './references.ts';
import { summarize } from './summary.ts';
import { findSurroundings } from './surroundings.ts';
import { findObjections, verdictOf, type Explained, type Verdict, type Wanted } from './verdict.ts';

export interface Explanation extends Explained {
  readonly what: string;
  readonly summary: string;
  readonly verdict: Verdict;
  readonly acceptance: (Wanted & { readonly objections: readonly string[] }) | undefined;
}

/**
 * Says what a token is, who may use it where, and whether and why it is dead; with an audience or scopes (separated by spaces), also
 * whether that API accepts it for them. Never the token itself.
 */
export async function explainToken(
  context: InspectionContext,
  token: string,
  { audience, scope }: { audience?: string | undefined; scope?: string | undefined } = {},
): Promise<Explanation> {
  const isAsked = audience !== undefined || scope !== undefined;
  const wanted = isAsked ? { audience, scopes: (scope ?? '').split(' ').filter(Boolean) } : undefined;
  const read = await readToken(context, token.trim());
  const kind = kindOf(read, context.config.issuer);
  const refs = referencesOf(context, read, kind);
  const life = await findLife(context, read, { kind, refs });
  const surroundings = await findSurroundings(context, refs);
  const explained = { kind, read, life, surroundings };
  return {
    ...explained,
    what: KINDS[kind],
    summary: await summarize(context, explained),
    verdict: verdictOf(explained, context.config, context.clock.now()),
    acceptance: wanted && { ...wanted, objections: findObjections(explained, refs, wanted) },
  };
}
