import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { createEgress } from '../http/egress.ts';
import { acsUri, entityIdOf } from '../upstream/addresses.ts';
import { createProvider } from '../upstream/create-provider.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { makeOwnKey } from '../upstream/saml-certificate.ts';
import { readProviderMetadata, type ProviderMetadata } from '../upstream/saml-metadata.ts';
import { NAME_ID } from '../upstream/saml-settings.ts';
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
  const { wantsSignedRequests, ...theirs } = await readMetadata(context, options.metadata);
  const { issuer } = context.config;
  const { certificate, privateKey } = await makeOwnKey(new URL(issuer).hostname, context.clock.now());
  const subjectAttribute = options.subjectAttribute ?? null;
  const provider = await createProvider(context, {
    ...providerInput(options),
    kind: 'saml',
    settings: {
      ...theirs,
      subjectAttribute,
      nameIdFormat: subjectAttribute === null ? nameIdFormatOf(options.nameIdFormat) : null,
      ownCertificate: certificate,
      signsRequests: options.signRequests ?? wantsSignedRequests,
      startUrl: options.startUrl ?? null,
    },
    secrets: { privateKey },
    hasButton: options.button,
    trustsMfa: options.trustMfa,
    actor: ACTOR,
  });
  const addresses = {
    metadata_url: entityIdOf(issuer, provider.slug),
    acs_url: acsUri(issuer, provider.slug),
  };
  return shownProvider('The identity provider is there. Give its operator our metadata:', provider, {
    addresses,
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
  return shownProvider('The identity provider is up to date.', provider, {});
};

/** Short names for the formats of SAML Core §8.3. */
function nameIdFormatOf(given = 'persistent'): string {
  return new Map<string, string>(Object.entries(NAME_ID)).get(given) ?? given;
}

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
