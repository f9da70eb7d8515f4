import type { ClientDocument } from '../../documents/client.ts';

/** What the programs need to know of a client. */
export interface Facts {
  readonly issuer: string;
  readonly client: ClientDocument;
  readonly redirect: string;
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
}

export function factsOf(issuer: string, client: ClientDocument): Facts {
  const [redirect = 'https://app.example.com/callback'] = client.redirect_uris ?? [];
  const api = client.apis.find(({ audience }) => audience === client.default_api) ?? client.apis[0];
  return { issuer, client, redirect, audience: api?.audience, scopes: api?.scopes ?? [] };
}

export function methodOf({ client }: Facts): string {
  return client.token_endpoint_auth_method ?? 'client_secret_basic';
}

function keepsSecret(facts: Facts): boolean {
  return methodOf(facts).startsWith('client_secret');
}

/** As of a file that the programs are started with: `node --env-file=.env program.mjs`. */
export function environmentOf(facts: Facts): string {
  const { issuer, client, redirect, audience } = facts;
  return [
    `OIDC_ISSUER=${issuer}`,
    `CLIENT_ID=${client.client_id}`,
    ...(keepsSecret(facts) ? ['CLIENT_SECRET=…'] : []),
    ...(methodOf(facts) === 'private_key_jwt' ? ['PRIVATE_KEY=…'] : []),
    ...(client.redirect_uris?.length ? [`REDIRECT_URI=${redirect}`] : []),
    ...(audience === undefined ? [] : [`API_AUDIENCE=${audience}`]),
  ].join('\n');
}

/** The scopes of a sign-in. */
export function signInScope({ scopes }: Facts): string {
  return ['openid', ...scopes].join(' ');
}
