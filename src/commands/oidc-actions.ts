import { z } from 'zod';

import { createProvider } from '../upstream/create-provider.ts';
import { AUTH_METHODS, DEFAULT_SCOPES } from '../upstream/oidc-settings.ts';
import { ACTOR } from './actor.ts';
import { parseOptions, texts } from './parse.ts';
import type { Action } from './run.ts';
import { readSecret } from './stdin.ts';
import { providerInput, providerSchema, shownProvider } from './upstream-input.ts';

const schema = z.object({
  ...providerSchema,
  issuer: z.string(),
  clientId: z.string(),
  authMethod: z.enum(AUTH_METHODS).default('client_secret_basic'),
  scope: texts,
  acrValue: texts,
  trustMfa: z.boolean().default(false),
  button: z.boolean().default(true),
});

/** The client secret comes on standard input. */
export const createOidc: Action = async (context, { options: given }) => {
  const options = parseOptions(schema, given);
  const clientSecret =
    options.authMethod === 'none'
      ? undefined
      : await readSecret('the client secret that the provider gave you');
  const provider = await createProvider(context, {
    ...providerInput(options),
    kind: 'oidc',
    settings: {
      issuer: options.issuer,
      clientId: options.clientId,
      authMethod: options.authMethod,
      scopes: options.scope.length === 0 ? [...DEFAULT_SCOPES] : [...new Set(['openid', ...options.scope])],
      acrValues: options.acrValue,
    },
    secrets: clientSecret === undefined ? {} : { clientSecret },
    hasButton: options.button,
    trustsMfa: options.trustMfa,
    actor: ACTOR,
  });
  return shownProvider(
    'The identity provider is there. Register these addresses with it:',
    provider,
    context.config,
  );
};
