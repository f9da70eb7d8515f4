import { z } from 'zod';

import type { CommandContext } from './context.ts';
import type { Outcome } from './outcome.ts';
import { parseOptions } from './parse.ts';
import { readSecret } from './stdin.ts';
import type { Action } from './run.ts';
import { KINDS, kindOf } from './token-kind.ts';
import { findLife } from './token-life.ts';
import { explanationToJson, type Explanation } from './token-present.ts';
import { readToken } from './token-reading.ts';
import { referencesOf } from './token-references.ts';
import { summarize } from './token-summary.ts';
import { findSurroundings } from './token-surroundings.ts';
import { explanationToText } from './token-text.ts';
import { findObjections, verdictOf, type Wanted } from './token-verdict.ts';

const optionsSchema = z.object({ audience: z.string().optional(), scope: z.string().optional() });

export const inspect: Action = async (context, { options }) => {
  const asked = parseOptions(optionsSchema, options);
  return inspectToken(context, (await readSecret('the token')).trim(), asked);
};

/**
 * Says what a token is, who may use it where, and whether and why it is dead; with an audience or scopes, also whether that API
 * accepts it for them. Never the token itself.
 */
export async function inspectToken(
  context: CommandContext,
  token: string,
  { audience, scope }: z.output<typeof optionsSchema>,
): Promise<Outcome> {
  const isAsked = audience !== undefined || scope !== undefined;
  const wanted = isAsked ? { audience, scopes: (scope ?? '').split(' ').filter(Boolean) } : undefined;
  return present(await explain(context, token, wanted));
}

async function explain(
  context: CommandContext,
  token: string,
  wanted: Wanted | undefined,
): Promise<Explanation> {
  const read = await readToken(context, token);
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

function present(explanation: Explanation): Outcome {
  return { json: explanationToJson(explanation), text: explanationToText(explanation) };
}
