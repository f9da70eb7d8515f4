import { z } from 'zod';

import { updateClient } from '../clients/update-client.ts';
import { ACTOR } from './actor.ts';
import { shownClient } from './client-actions.ts';
import { clientOptions, readDocument, readExchange, readMetadata } from './client-options.ts';
import { parseArgument, parseOptions, texts } from './parse.ts';
import type { Action } from './run.ts';

const schema = z.object({
  ...clientOptions,
  unset: texts,
  removeApi: texts,
  // commander turns --no-default-api into false
  defaultApi: z.union([z.string(), z.boolean()]).optional(),
  actsFor: z.union([z.string(), z.boolean()]).optional(),
  firstParty: z.boolean().optional(),
});

export const update: Action = async (context, { args, options: given }) => {
  const id = parseArgument(args, 0, 'client');
  const options = parseOptions(schema, given);
  const metadata = {
    ...(await readDocument(args[1], options)),
    ...(await readMetadata(options)),
    ...Object.fromEntries(options.unset.map((member) => [member, null])),
  };
  const { client, secret } = await updateClient(
    context,
    id,
    {
      metadata,
      firstParty: options.firstParty,
      requirement: options.require,
      apis: options.api,
      removeApis: options.removeApi,
      defaultAudience: audienceOrNone(options.defaultApi),
      actsForAudience: audienceOrNone(options.actsFor),
      exchange: await readExchange(context, options),
    },
    ACTOR,
  );
  return shownClient(context.db.knex, client, { headline: 'The client is updated.', secret });
};

function audienceOrNone(option: string | boolean | undefined): string | null | undefined {
  if (option === false) return null;
  return option === true ? undefined : option;
}
