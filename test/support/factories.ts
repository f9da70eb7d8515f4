import { randomBytes } from 'node:crypto';

import type { Account } from '../../src/accounts/account.ts';
import { createAccount } from '../../src/accounts/create-account.ts';
import { createClient, type CreatedClient, type NewClient } from '../../src/clients/create-client.ts';
import { CLIENT_KINDS, type ClientKind } from '../../src/clients/kinds.ts';
import type { Api } from '../../src/resources/api.ts';
import { createApi } from '../../src/resources/create-api.ts';
import type { Services } from '../../src/services.ts';

const actor = 'test';

export const ORDERS = 'https://api.example/orders';

/** An API with two scopes, unless told otherwise. */
export function makeApi(
  services: Services,
  input: Partial<Parameters<typeof createApi>[1]> = {},
): Promise<Api> {
  return createApi(services, {
    audience: ORDERS,
    name: 'Orders',
    scopes: [
      { name: 'orders:read', description: 'Read your orders' },
      { name: 'orders:write', description: 'Place orders' },
    ],
    tokenTtlSeconds: 3600,
    signingAlg: 'ES256',
    ...input,
    actor,
  });
}

/** A client of one of the kinds, as an operator would register it. */
export async function makeClient(
  services: Services,
  kind: ClientKind,
  { metadata, ...input }: Partial<Omit<NewClient, 'actor'>> = {},
): Promise<CreatedClient & { readonly id: string }> {
  const created = await createClient(services, {
    ...input,
    metadata: { client_name: `A ${kind} client`, ...CLIENT_KINDS[kind], ...metadata },
    actor,
  });
  return { ...created, id: created.client.id };
}

export const PASSWORD = 'correct horse battery staple';

/** Somebody who can sign in with {@link PASSWORD}. */
export function makePerson(
  services: Services,
  input: Partial<Parameters<typeof createAccount>[1]> = {},
): Promise<Account> {
  const name = `ada.${randomBytes(4).toString('hex')}`;
  return createAccount(services, {
    email: `${name}@example.org`,
    emailVerified: true,
    password: PASSWORD,
    profile: { name: 'Ada Lovelace', given_name: 'Ada', family_name: 'Lovelace' },
    ...input,
    actor,
  });
}
