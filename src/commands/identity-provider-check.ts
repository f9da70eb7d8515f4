import { z } from 'zod';

import { checkToJson } from '../documents/provider-check.ts';
import { createEgress } from '../http/egress.ts';
import { untrusted } from '../inspection/untrusted.ts';
import { checkProvider, type ProviderCheck } from '../upstream/check-provider.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { findProvider } from '../upstream/store.ts';
import { count } from '../words.ts';
import { fields, paragraphs } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';

/** As far as a sign-in goes without a person. */
export const check: Action = async (context, { args, options: given }) => {
  const { identifier } = parseOptions(z.object({ identifier: z.string().default('guichet-check') }), given);
  const provider = await findProvider(context.db.knex, parseArgument(args, 0, 'slug'));
  if (!provider) throw providerNotFound();
  const egress = createEgress({ allow: context.config.egressAllow });
  const checked = await checkProvider({ ...context, egress }, provider, identifier);
  return {
    exitCode: checked.kind === 'unusable' ? 1 : 0,
    json: checkToJson(provider.slug, checked),
    text: inWords(provider, checked, identifier),
  };
};

function inWords({ kind, settings }: IdentityProvider, checked: ProviderCheck, identifier: string): string {
  if (checked.kind === 'oidc') return openIdInWords(checked.found);
  if (checked.kind === 'ldap') {
    const subject = 'subject' in settings ? settings.subject : 'subject';
    return directoryInWords(checked.found, { subject, identifier });
  }
  const what = kind === 'ldap' ? 'directory' : 'provider';
  return `The ${what} cannot be used: ${untrusted(checked.reason)}`;
}

function openIdInWords(found: Extract<ProviderCheck, { kind: 'oidc' }>['found']): string {
  return paragraphs(
    'The provider answers, and knows our client.',
    fields([
      ['sends people to', found.authorizationEndpoint],
      ['gives tokens at', found.tokenEndpoint],
      ['signs with', `${found.signingAlgs.join(', ')}; ${count(found.keys, 'key')}`],
      ['PKCE', found.pkce === 'unknown' ? 'it does not say; we use S256' : found.pkce],
      ['names itself (RFC 9207)', found.namesItself ? 'yes' : 'no'],
      ['tells us of sign-outs', found.signsOut ? 'yes, where its operator has registered our address' : 'no'],
    ]),
  );
}

function directoryInWords(
  { entries, identity }: Extract<ProviderCheck, { kind: 'ldap' }>['found'],
  { subject, identifier }: { subject: string; identifier: string },
): string {
  const found = ['Nobody is', 'One person is', 'More than one person is'][entries] ?? 'People are';
  return paragraphs(
    `The directory answers. ${found} found by ${JSON.stringify(identifier)}.`,
    identity &&
      fields([
        [subject, identity.subject],
        ...Object.entries(identity.attributes).map(([name, value]) => [name, textOf(value)] as const),
      ]),
    entries > 1 && 'They could not sign in: a filter must find exactly one.',
  );
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('\n') : String(value);
}
