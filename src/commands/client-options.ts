import { readFile } from 'node:fs/promises';
import { z } from 'zod';

import { REQUIREMENTS } from '../config/requirement.ts';
import type { WantedExchange } from '../clients/exchange.ts';
import { getTrustedIssuer } from '../upstream/trusted-issuer-store.ts';
import type { CommandContext } from './context.ts';
import { texts } from './parse.ts';
import { parseObject, readObject } from './stdin.ts';
import { UsageError } from './usage-error.ts';

/** What `clients create` and `clients update` have in common. */
export const clientOptions = {
  name: z.string().optional(),
  redirectUri: z.array(z.string()).optional(),
  postLogoutRedirectUri: z.array(z.string()).optional(),
  backchannelLogoutUri: z.string().optional(),
  grantType: z.array(z.string()).optional(),
  authMethod: z.string().optional(),
  jwksFile: z.string().optional(),
  jwksUri: z.string().optional(),
  certificateBound: z.boolean().optional(),
  stdin: z.boolean().default(false),
  api: z.array(z.object({ audience: z.string(), scopes: texts })).optional(),
  require: z.enum(REQUIREMENTS).optional(),
  exchangeApi: z.array(z.string()).optional(),
  exchangeClient: z.array(z.string()).optional(),
  exchangeIssuer: z.array(z.string()).optional(),
  impersonation: z.boolean().optional(),
  exchange: z.boolean().optional(),
};

const schema = z.object(clientOptions);
export type ClientOptions = z.output<typeof schema>;

/** RFC 7591 members of the options that were given. */
export async function readMetadata(options: ClientOptions): Promise<Record<string, unknown>> {
  const members = {
    client_name: options.name,
    redirect_uris: options.redirectUri,
    post_logout_redirect_uris: options.postLogoutRedirectUri,
    backchannel_logout_uri: options.backchannelLogoutUri,
    grant_types: options.grantType?.map(longGrant),
    // Whether there is a code to answer with follows from the grants.
    response_types: options.grantType && (options.grantType.includes('authorization_code') ? ['code'] : []),
    token_endpoint_auth_method: options.authMethod,
    jwks: options.jwksFile === undefined ? undefined : await readKeys(options.jwksFile),
    jwks_uri: options.jwksUri,
    tls_client_certificate_bound_access_tokens: options.certificateBound,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Grants with a name of RFC 8628 or RFC 8693 also go by its last word. */
function longGrant(name: string): string {
  return ['device_code', 'token-exchange'].includes(name) ? `urn:ietf:params:oauth:grant-type:${name}` : name;
}

/** Whose tokens it may exchange. Throws `trusted_issuer_not_found`. */
export async function readExchange(
  { db }: Pick<CommandContext, 'db'>,
  { exchange, exchangeApi, exchangeClient, exchangeIssuer, impersonation }: ClientOptions,
): Promise<WantedExchange> {
  const none = exchange === false ? [] : undefined;
  const issuers = exchangeIssuer?.map((name) => getTrustedIssuer(db.knex, name));
  return {
    impersonation: impersonation ?? (none && false),
    audiences: exchangeApi ?? none,
    clientIds: exchangeClient ?? none,
    issuerIds: issuers ? (await Promise.all(issuers)).map(({ id }) => id) : none,
  };
}

/** The document on standard input, if the command line asks for one. */
export async function readDocument(
  argument: string | undefined,
  { stdin }: ClientOptions,
): Promise<Record<string, unknown> | undefined> {
  if (argument !== undefined && argument !== '-') {
    throw new UsageError('A document comes from standard input: write - or --stdin.');
  }
  return argument === '-' || stdin ? readObject() : undefined;
}

async function readKeys(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(
      `--jwks-file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const document = parseObject(text, `The file ${path}`);
  // Tools write a single key as well as a set of them.
  return 'kty' in document ? { keys: [document] } : document;
}
