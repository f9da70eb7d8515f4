import { readFile } from 'node:fs/promises';
import { z } from 'zod';

import { setClientBrand } from '../clients/set-brand.ts';
import { ACTOR } from './actor.ts';
import { shownClient } from './client-actions.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { UsageError } from './usage-error.ts';

// commander turns --no-logo into false
const schema = z.object({
  color: z.union([z.string(), z.boolean()]).optional(),
  logo: z.union([z.string(), z.boolean()]).optional(),
});

export const brand: Action = async (context, { args, options: given }) => {
  const { color, logo } = parseOptions(schema, given);
  const client = await setClientBrand(
    context,
    parseArgument(args, 0, 'client'),
    {
      color: color === false ? null : typeof color === 'string' ? color : undefined,
      logo: logo === false ? null : typeof logo === 'string' ? await readLogo(logo) : undefined,
    },
    ACTOR,
  );
  return shownClient(context.db.knex, client, { headline: 'The client has its looks.' });
};

async function readLogo(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new UsageError(`--logo cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}
