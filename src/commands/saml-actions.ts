import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { createEgress } from '../http/egress.ts';
import { createProvider } from '../upstream/create-provider.ts';
import { newSaml } from '../upstream/new-saml.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { readProviderMetadata, type ProviderMetadata } from '../upstream/saml-metadata.ts';
import { findProvider } from '../upstream/store.ts';
import { updateProvider } from '../upstream/update-provider.ts';
import { ACTOR } from './actor.ts';
import type { CommandContext } from './context.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { readInput } from './stdin.ts';
import { providerInput, providerSchema, shownProvider } from './upstream-input.ts';
import { UsageError } from './usage-error.ts';

/** A federation's whole aggregate is larger; a provider's own document has about ten. */
const METADATA_BYTES_MAX = 128 * 1024;

const schema = z.object({
  ...providerSchema,
  metadata: z.string(),
  subjectAttribute: z.string().optional(),
  nameIdFormat: z.string().optional(),
  signRequests: z.boolean().optional(),
  startUrl: z.string().optional(),
  trustMfa: z.boolean().default(false),
  button: z.boolean().default(true),
});

export const createSaml: Action = async (context, { options: given }) => {
  const options = parseOptions(schema, given);
  const { issuer } = context.config;
  const now = context.clock.now();
  const theirs = await readMetadata(context, options.metadata);
  const made = await newSaml({ issuer, now }, theirs, {
    subjectAttribute: options.subjectAttribute,
    nameIdFormat: options.nameIdFormat,
    signsRequests: options.signRequests,
    startUrl: options.startUrl,
  });
  const provider = await createProvider(context, {
    ...providerInput(options),
    ...made,
    kind: 'saml',
    hasButton: options.button,
    trustsMfa: options.trustMfa,
    actor: ACTOR,
  });
  return shownProvider('The identity provider is there. Give its operator our metadata:', provider, {
    issuer,
  });
};

/** Reads their metadata again: new certificates, another address. Nobody has to sign in anew. */
export const refreshSaml: Action = async (context, { args, options: given }) => {
  const { metadata } = parseOptions(z.object({ metadata: z.string() }), given);
  const before = await findProvider(context.db.knex, parseArgument(args, 0, 'slug'));
  if (before?.kind !== 'saml') throw providerNotFound();
  const { entityId, ssoUrl, certificates } = await readMetadata(context, metadata);
  if (entityId !== before.settings.entityId) {
    throw new UsageError('The metadata is of another provider: people of another issuer are other people.');
  }
  const provider = await updateProvider(context, before.id, { settings: { ssoUrl, certificates } }, ACTOR);
  return shownProvider('The identity provider is up to date.', provider, context.config);
};

async function readMetadata({ config, clock }: CommandContext, source: string): Promise<ProviderMetadata> {
  return readProviderMetadata(await readSource(config, source), clock.now());
}

async function readSource(config: CommandContext['config'], source: string): Promise<string> {
  if (source === '-') return readInput();
  if (!/^https?:\/\//i.test(source)) {
    return readFile(source, 'utf8').catch((error: unknown) => {
      throw new UsageError(
        `--metadata cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }
  const isDevelopment = config.mode === 'development';
  // What comes over http could be anybody's certificates.
  if (!isTrustworthy(source, { isDevelopment })) {
    throw new UsageError('--metadata must come from a file or over https.');
  }
  const response = await createEgress({ allow: config.egressAllow }).fetch(source, {
    allowLoopback: isDevelopment,
    bodyBytesMax: METADATA_BYTES_MAX,
  });
  if (!response.ok) throw new UsageError(`--metadata: ${source} answered ${response.status}.`);
  return response.text();
}

function isTrustworthy(source: string, { isDevelopment }: { isDevelopment: boolean }): boolean {
  const url = URL.parse(source);
  return url?.protocol === 'https:' || (isDevelopment && url?.hostname === 'localhost');
}
