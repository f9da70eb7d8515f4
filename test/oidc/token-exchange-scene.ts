import { calculateJwkThumbprint, decodeJwt, exportJWK, type CryptoKey } from 'jose';
import * as oauth from 'oauth4webapi';

import { TOKEN_EXCHANGE, type WantedExchange } from '../../src/clients/exchange.ts';
import type { Account } from '../../src/accounts/account.ts';
import { createTrustedIssuer } from '../../src/upstream/create-trusted-issuer.ts';
import type { Services } from '../../src/services.ts';
import { makePerson, ORDERS } from '../support/factories.ts';
import type { ScriptedIssuer } from '../support/scripted-issuer.ts';
import { post, type Answer } from '../standards/http.ts';
import {
  addApi,
  addClient,
  authenticationOf,
  BILLS,
  BILLS_ACCESS,
  insecure,
  issue,
  openScene,
  ORDERS_ACCESS,
  type RelyingParty,
  type Scene,
} from '../standards/scene.ts';

export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const JWT = 'urn:ietf:params:oauth:token-type:jwt';
export const ADMIN = 'https://api.example/admin';
export { BILLS, ORDERS };

/** A shop that people sign in to, the API of its orders, which asks the API of bills on their behalf, and others who may not. */
export interface ExchangeScene extends Scene {
  /** First party, may use orders and bills. */
  readonly shop: RelyingParty;
  /** Holds the credentials of the API of orders. */
  readonly gateway: RelyingParty;
}

export async function openExchangeScene(): Promise<ExchangeScene> {
  const scene = await openScene();
  await addApi(scene, {
    audience: ADMIN,
    name: 'Admin',
    scopes: [{ name: 'all', description: 'Everything' }],
  });
  const shop = await addClient(scene, 'web', { firstParty: true });
  const gateway = await addExchanger(scene, { actsForAudience: ORDERS });
  return { ...scene, shop, gateway };
}

/** A client that may exchange, with the grants of a machine beside it. */
export function addExchanger(
  scene: Scene,
  {
    exchange,
    ...input
  }: { exchange?: WantedExchange; actsForAudience?: string; metadata?: Record<string, unknown> } = {},
): Promise<RelyingParty> {
  const { metadata, ...rest } = input;
  return addClient(scene, 'machine', {
    apis: [ORDERS_ACCESS, BILLS_ACCESS],
    ...rest,
    ...(exchange ? { exchange } : {}),
    metadata: { grant_types: ['client_credentials', TOKEN_EXCHANGE], ...metadata },
  });
}

/** A token of the person for the API of orders, as the shop gets it. */
export async function shopToken(
  scene: ExchangeScene,
  params: Readonly<Record<string, string | undefined>> = {},
  person: Account = scene.person,
): Promise<string> {
  const { access } = await issue({ ...scene, person }, scene.shop, {
    scope: 'openid orders:read',
    ...params,
  });
  return access;
}

/** The bare request; parameters set to undefined are left out. */
export function tryExchange(
  { issuer }: Scene,
  client: RelyingParty,
  subject: string,
  changes: Readonly<Record<string, string | undefined>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const fields = {
    grant_type: TOKEN_EXCHANGE,
    subject_token: subject,
    subject_token_type: ACCESS_TOKEN,
    resource: BILLS,
  };
  return post(
    `${issuer}/token`,
    { ...fields, ...client.fields, ...changes },
    { ...client.headers, ...headers },
  );
}

/** The same by a client nobody here wrote, which checks the answer. */
export async function exchange(
  scene: Scene,
  client: RelyingParty,
  subject: string,
  parameters: Readonly<Record<string, string>> = {},
  dpop?: oauth.DPoPHandle,
): Promise<{ readonly token: string; readonly claims: Record<string, unknown>; readonly response: object }> {
  const named = { client_id: client.id };
  const response = await oauth.genericTokenEndpointRequest(
    scene.as,
    named,
    authenticationOf(client),
    TOKEN_EXCHANGE,
    { subject_token: subject, subject_token_type: ACCESS_TOKEN, resource: BILLS, ...parameters },
    { ...insecure, ...(dpop ? { DPoP: dpop } : {}) },
  );
  const result = await oauth.processGenericTokenEndpointResponse(scene.as, named, response);
  return { token: result.access_token, claims: decodeJwt(result.access_token), response: result };
}

export async function machineTokenOf(
  scene: Scene,
  client: RelyingParty,
  resource: string = ORDERS,
  scope = 'orders:read',
): Promise<string> {
  const fields = { grant_type: 'client_credentials', resource, scope };
  const answer = await post(`${scene.issuer}/token`, fields, client.headers);
  return String(answer.json['access_token']);
}

/** An identity provider with one person of it connected, and its issuer trusted. */
export async function trustIssuer(
  { server }: Scene,
  issuer: ScriptedIssuer,
  options: { oneTime?: boolean; audience?: string; maxAgeSeconds?: number } = {},
): Promise<{
  readonly id: string;
  readonly person: Account;
  readonly providerId: string;
  readonly identityId: string;
}> {
  const { services } = server;
  const person = await makePerson(services);
  const providerId = await insertProvider(services, issuer.url);
  await connect(services, { providerId, issuer: issuer.url, subject: 'ada-there', accountId: person.id });
  const slug = providerId;
  const trusted = await createTrustedIssuer(services, {
    issuer: issuer.url,
    provider: slug,
    ...options,
    actor: 'test',
  });
  return { id: trusted.id, person, providerId, identityId: `idn-${providerId}` };
}

async function insertProvider({ db, clock }: Services, url: string): Promise<string> {
  const id = `idp-${new URL(url).port}`;
  const now = clock.now();
  await db.knex('identity_providers').insert({
    id,
    slug: id,
    name: 'Staff',
    kind: 'oidc',
    settings: '{}',
    domains: [],
    has_button: false,
    mapping: '{}',
    provisioning: 'link-only',
    trusts_email: true,
    trusts_mfa: false,
    created_at: now,
    updated_at: now,
  });
  return id;
}

async function connect(
  { db, clock }: Services,
  identity: { providerId: string; issuer: string; subject: string; accountId: string },
): Promise<void> {
  await db.knex('identities').insert({
    id: `idn-${identity.providerId}`,
    provider_id: identity.providerId,
    issuer: identity.issuer,
    subject: identity.subject,
    account_id: identity.accountId,
    linked_at: clock.now(),
  });
}

export async function thumbprintOf(key: CryptoKey): Promise<string> {
  return calculateJwkThumbprint(await exportJWK(key));
}
