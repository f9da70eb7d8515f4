import { z } from 'zod';

import { createClient } from '../clients/create-client.ts';
import { CLIENT_KINDS, type ClientKind } from '../clients/kinds.ts';
import type { ClientRecord } from '../clients/client.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { shownClient } from './client-actions.ts';
import {
  clientOptions,
  readDocument,
  readExchange,
  readMetadata,
  type ClientOptions,
} from './client-options.ts';
import { quoted } from '../words.ts';
import { parseOptions, wholeNumber } from './parse.ts';
import type { Action } from './run.ts';
import { UsageError } from './usage-error.ts';

const schema = z.object({
  ...clientOptions,
  kind: z
    .custom<ClientKind>((kind) => typeof kind === 'string' && Object.hasOwn(CLIENT_KINDS, kind))
    .optional(),
  id: z.string().optional(),
  defaultApi: z.string().optional(),
  actsFor: z.string().optional(),
  firstParty: z.boolean().default(false),
  secretExpiresIn: wholeNumber.optional(),
});

export const create: Action = async (context, { args, options: given }) => {
  const options = parseOptions(schema, given);
  const document = await readDocument(args[0], options);
  requireEnough(options, document);
  const metadata = {
    ...(options.kind && CLIENT_KINDS[options.kind]),
    ...document,
    ...(await readMetadata(options)),
  };
  const { client, secret } = await createClient(context, {
    id: options.id,
    metadata,
    firstParty: options.firstParty,
    apis: options.api,
    defaultAudience: options.defaultApi,
    actsForAudience: options.actsFor,
    requirement: options.require,
    exchange: await readExchange(context, options),
    secretTtlSeconds: options.secretExpiresIn === undefined ? undefined : options.secretExpiresIn * 86_400,
    actor: ACTOR,
  });
  const next = nextStep(client, { secret, issuer: context.config.issuer });
  return shownClient(context.db.knex, client, { headline: 'The client is registered.', secret, next });
};

function requireEnough(
  options: ClientOptions & { kind?: ClientKind | undefined; actsFor?: string | undefined },
  document: Record<string, unknown> | undefined,
): void {
  if (document) return;
  if (options.kind === undefined && options.grantType === undefined) {
    throw new UsageError(
      'Say what the client is with --kind (web, spa, native, machine, device, api), or give a document with --stdin.',
    );
  }
  if (options.name === undefined) throw new UsageError('Give the client a name with --name.');
  if (options.kind === 'api' && options.actsFor === undefined) {
    throw new UsageError('Say with --acts-for <audience> whose tokens this API introspects.');
  }
}

/** How to get the first token. */
function nextStep(
  client: ClientRecord,
  { secret, issuer }: { secret: string | undefined; issuer: string },
): string {
  const grantTypes = client.metadata['grant_types'];
  const actsForItself = Array.isArray(grantTypes) && grantTypes.includes('client_credentials');
  if (secret === undefined || !actsForItself) {
    return `Everything an application needs to know of this server:\n  ${issuer}/.well-known/openid-configuration`;
  }
  const [api] = client.apis;
  if (!api) {
    return `It may not ask for any token yet:\n  ${COMMAND} clients update ${client.id} --api <audience> --scopes "<names>"`;
  }
  const resource = client.defaultApiId === null ? ` -d resource=${quoted(api.audience)}` : '';
  const scope = api.scopes.length > 0 ? ` -d scope=${quoted(api.scopes.join(' '))}` : '';
  return `Its first token:\n  curl -u ${client.id}:${secret} -d grant_type=client_credentials${resource}${scope} ${issuer}/token`;
}
