import { z } from 'zod';

import { tokenExplanationToJson } from '../documents/token-explanation.ts';
import { explainToken } from '../inspection/explain-token.ts';
import type { CommandContext } from './context.ts';
import type { Outcome } from './outcome.ts';
import { parseOptions } from './parse.ts';
import { readSecret } from './stdin.ts';
import type { Action } from './run.ts';
import { explanationToText } from './token-text.ts';

const optionsSchema = z.object({ audience: z.string().optional(), scope: z.string().optional() });

export const inspect: Action = async (context, { options }) => {
  const asked = parseOptions(optionsSchema, options);
  return inspectToken(context, await readSecret('the token'), asked);
};

export async function inspectToken(
  context: CommandContext,
  token: string,
  asked: z.output<typeof optionsSchema>,
): Promise<Outcome> {
  const explanation = await explainToken(context, token, asked);
  return { json: tokenExplanationToJson(explanation), text: explanationToText(explanation) };
}
