import type { z } from 'zod';

import { createProviderOperation } from '../admin/identity-providers.ts';
import { perform } from '../admin/perform.ts';
import type { newIdentityProviderDocument } from '../documents/new-identity-provider.ts';
import { AUTH_METHODS } from '../upstream/oidc-settings.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command, equivalent } from './equivalents.ts';
import { filled, words } from './form.ts';
import { show } from './show.ts';

type Body = Extract<z.input<typeof newIdentityProviderDocument>, { kind: 'oidc' }>;

const EXAMPLE: Body = {
  kind: 'oidc',
  slug: 'contoso',
  name: 'Contoso',
  domains: ['contoso.example'],
  settings: {
    issuer: 'https://login.contoso.example',
    client_id: 'guichet',
    auth_method: 'client_secret_basic',
  },
};

/** OpenID providers: what the others take comes from files. */
export const newIdentityProvider: Screen = {
  path: '/new-identity-provider',
  scope: 'admin:identity-providers:write',
  within: '/identity-providers',
  get(context, visit) {
    // The secret does not travel back.
    const { client_secret: _, ...typed } = visit.fields;
    show(context, visit, 'console-new-identity-provider', {
      values: {
        auth_method: 'client_secret_basic',
        provisioning: 'create',
        has_button: 'on',
        ...(visit.refusal ? { has_button: '' } : {}),
        ...typed,
      },
      authMethods: [...AUTH_METHODS],
      saml: 'guichet identity-providers create saml --name Contoso --metadata https://login.contoso.example/metadata',
      ldap: "guichet identity-providers create ldap --name Contoso --url ldaps://ldap.contoso.example --base 'dc=contoso,dc=example' --bind-dn 'cn=guichet,dc=contoso,dc=example'",
      equivalent: equivalent(lineOf(EXAMPLE), 'identity_providers', configured(EXAMPLE)),
    });
    return Promise.resolve();
  },
  actions: { create: { run: create, fresh: true } },
};

async function create(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const body = bodyOf(fields);
  const { document } = await perform(context, createProviderOperation, { body }, operator);
  return {
    to: `/identity-providers/${document.id}`,
    notice: {
      message: 'The identity provider is there. Register the addresses below with it, then check it.',
      ...equivalent(lineOf(body), 'identity_providers', configured({ ...body, slug: document.slug })),
    },
  };
}

function bodyOf(fields: Visit['fields']): Body {
  const method = fields['auth_method'] ?? '';
  const acrValues = words(fields['acr_values']);
  const secret = filled(fields['client_secret']);
  return {
    kind: 'oidc',
    name: filled(fields['name']) ?? '',
    ...(filled(fields['slug']) === undefined ? {} : { slug: filled(fields['slug']) }),
    domains: words(fields['domains']),
    has_button: fields['has_button'] === 'on',
    provisioning: fields['provisioning'] === 'link-only' ? 'link-only' : 'create',
    trusts_email: fields['trusts_email'] === 'on',
    trusts_mfa: fields['trusts_mfa'] === 'on',
    settings: {
      issuer: filled(fields['issuer']) ?? '',
      client_id: filled(fields['client_id']) ?? '',
      auth_method: AUTH_METHODS.find((one) => one === method) ?? 'client_secret_basic',
      ...(acrValues.length === 0 ? {} : { acr_values: acrValues }),
    },
    ...(secret === undefined ? {} : { client_secret: secret }),
  };
}

function lineOf(body: Body): string {
  const { issuer, client_id: clientId, auth_method: method, acr_values: acrValues } = body.settings;
  const needsSecret = method !== 'none';
  return command(
    'identity-providers create oidc',
    ['--name', body.name],
    ['--slug', body.slug],
    ['--issuer', issuer],
    ['--client-id', clientId],
    ['--auth-method', method],
    ['--domain', body.domains],
    ['--acr-value', acrValues],
    ...(body.provisioning === 'link-only' ? [['--provisioning', 'link-only'] as const] : []),
    ...(body.trusts_email ? ['--trust-email'] : []),
    ...(body.trusts_mfa ? ['--trust-mfa'] : []),
    ...(body.has_button === false ? ['--no-button'] : []),
    ...(needsSecret ? ['< secret.txt'] : []),
  );
}

/** A file says where the secret is kept. */
function configured({ client_secret: _, ...body }: Body): Record<string, unknown> {
  const secrets = { client_secret: { env: 'PROVIDER_CLIENT_SECRET' } };
  return { ...body, ...(body.settings.auth_method === 'none' ? {} : { secrets }) };
}
