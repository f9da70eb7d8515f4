import { z } from 'zod';

import { AppError } from '../errors.ts';
import { createEgress } from '../http/egress.ts';
import type { IdentityProviderOf } from '../upstream/identity-provider.ts';
import { checkDirectory, type Directory } from '../upstream/ldap.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { checkOpenIdProvider } from '../upstream/oidc-check.ts';
import { UpstreamError } from '../upstream/problem.ts';
import { openSecrets } from '../upstream/secrets.ts';
import { findProvider } from '../upstream/store.ts';
import type { CommandContext } from './context.ts';
import { count, fields, paragraphs, type Outcome } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { untrusted } from './untrusted.ts';
import { UsageError } from './usage-error.ts';

/** As far as a sign-in goes without a person. */
export const check: Action = async (context, { args, options: given }) => {
  const { identifier } = parseOptions(z.object({ identifier: z.string().default('guichet-check') }), given);
  const provider = await findProvider(context.db.knex, parseArgument(args, 0, 'slug'));
  if (provider?.kind === 'ldap') return checkLdap(context, provider, identifier);
  if (provider?.kind === 'oidc') return checkOidc(context, provider);
  if (provider)
    throw new UsageError('A SAML provider is never called: there is nothing to check but a sign-in.');
  throw providerNotFound();
};

/** Metadata, keys, and whether it knows our client. */
async function checkOidc(context: CommandContext, provider: IdentityProviderOf<'oidc'>): Promise<Outcome> {
  const egress = createEgress({ allow: context.config.egressAllow });
  try {
    const found = await checkOpenIdProvider({ ...context, egress }, provider);
    return {
      json: {
        slug: provider.slug,
        authorization_endpoint: found.authorizationEndpoint,
        token_endpoint: found.tokenEndpoint,
        signing_algs: found.signingAlgs,
        keys: found.keys,
        pkce: found.pkce,
        iss_parameter: found.namesItself,
        backchannel_logout: found.signsOut,
      },
      text: paragraphs(
        'The provider answers, and knows our client.',
        fields([
          ['sends people to', found.authorizationEndpoint],
          ['gives tokens at', found.tokenEndpoint],
          ['signs with', `${found.signingAlgs.join(', ')}; ${count(found.keys, 'key')}`],
          ['PKCE', found.pkce === 'unknown' ? 'it does not say; we use S256' : found.pkce],
          ['names itself (RFC 9207)', found.namesItself ? 'yes' : 'no'],
          [
            'tells us of sign-outs',
            found.signsOut ? 'yes, where its operator has registered our address' : 'no',
          ],
        ]),
      ),
    };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    const cause = error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
    return {
      exitCode: 1,
      json: { slug: provider.slug, error: 'identity_provider_unusable', reason: cause },
      text: `The provider cannot be used: ${untrusted(cause)}`,
    };
  }
}

/** Connects, binds and searches, without a password of anybody. */
async function checkLdap(
  context: CommandContext,
  provider: IdentityProviderOf<'ldap'>,
  identifier: string,
): Promise<Outcome> {
  const asked = await checkDirectory(context, directoryOf(context, provider), identifier).catch(reasonOf);
  if (typeof asked === 'string') {
    return {
      exitCode: 1,
      json: { slug: provider.slug, error: 'directory_unavailable', reason: asked },
      text: `The directory cannot be used: ${asked}`,
    };
  }
  const { entries, identity } = asked;
  const found = ['Nobody is', 'One person is', 'More than one person is'][entries] ?? 'People are';
  return {
    json: {
      slug: provider.slug,
      entries,
      subject: identity?.subject ?? null,
      email: identity?.email ?? null,
      attributes: identity?.attributes ?? null,
    },
    text: paragraphs(
      `The directory answers. ${found} found by ${JSON.stringify(identifier)}.`,
      identity &&
        fields([
          [provider.settings.subject, identity.subject],
          ...Object.entries(identity.attributes).map(([name, value]) => [name, textOf(value)] as const),
        ]),
      entries > 1 && 'They could not sign in: a filter must find exactly one.',
    ),
  };
}

function directoryOf(
  { seal }: Pick<CommandContext, 'seal'>,
  provider: IdentityProviderOf<'ldap'>,
): Directory {
  const { bindPassword = '' } = openSecrets(seal, provider);
  return {
    settings: provider.settings,
    mapping: provider.mapping,
    groupsAttribute: provider.groupsAttribute,
    bindPassword,
  };
}

/** The operator is told what people are not: which certificate, which password, which address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof AppError) || error.code !== 'directory_unavailable') throw error;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('\n') : String(value);
}
