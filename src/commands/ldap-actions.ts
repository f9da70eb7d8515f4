import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { syncDirectory } from '../revocation/sync-directory.ts';
import { createProvider } from '../upstream/create-provider.ts';
import { DEFAULT_FILTER, DEFAULT_SUBJECT } from '../upstream/ldap-settings.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { findProvider } from '../upstream/store.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { count } from '../words.ts';
import { paragraphs } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { readSecret } from './stdin.ts';
import { providerInput, providerSchema, shownProvider } from './upstream-input.ts';
import { UsageError } from './usage-error.ts';

const schema = z.object({
  ...providerSchema,
  url: z.string(),
  starttls: z.boolean().default(false),
  ca: z.string().optional(),
  base: z.string(),
  bindDn: z.string().optional(),
  filter: z.string().default(DEFAULT_FILTER),
  subject: z.string().default(DEFAULT_SUBJECT),
  default: z.boolean().default(false),
});

/** The service account's password comes on standard input. */
export const createLdap: Action = async (context, { options: given }) => {
  const options = parseOptions(schema, given);
  const bindPassword =
    options.bindDn === undefined ? '' : await readSecret('the password of the service account');
  const provider = await createProvider(context, {
    ...providerInput(options),
    kind: 'ldap',
    settings: {
      url: options.url,
      startTls: options.starttls,
      ca: options.ca === undefined ? null : await readCa(options.ca),
      base: options.base,
      bindDn: options.bindDn ?? null,
      filter: options.filter,
      subject: options.subject,
      isDefault: options.default,
    },
    secrets: bindPassword === '' ? {} : { bindPassword },
    actor: ACTOR,
  });
  const next = `See whether it answers:\n  ${COMMAND} identity-providers check ${provider.slug} --identifier <name>`;
  return shownProvider('The directory is there.', provider, context.config, next);
};

/** What the server does every hour by itself. */
export const sync: Action = async (context, { args, options: given }) => {
  const schema = z.object({ dryRun: z.boolean().default(false), force: z.boolean().default(false) });
  const options = parseOptions(schema, given);
  const provider = await findProvider(context.db.knex, parseArgument(args, 0, 'slug'));
  if (provider?.kind !== 'ldap') throw providerNotFound();
  const { people, left, tokens } = await syncDirectory(context, provider, { ...options, actor: ACTOR });
  const verb = options.dryRun ? 'would be' : 'were';
  return {
    json: { slug: provider.slug, people, left, tokens_revoked: tokens, dry_run: options.dryRun },
    text: paragraphs(
      `The directory was asked for ${count(people, 'account')}. ${left.length} ${verb} signed out.`,
      left.map((id) => `  ${id}`).join('\n'),
    ),
  };
};

async function readCa(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--ca cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}
