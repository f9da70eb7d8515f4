import { z } from 'zod';

import type { ClientRecord } from '../clients/client.ts';
import type { NewClient } from '../clients/create-client.ts';
import type { BrandChanges } from '../clients/set-brand.ts';
import { CLIENT_KINDS, type ClientKind } from '../clients/kinds.ts';
import type { ClientChanges } from '../clients/update-client.ts';
import { REQUIREMENTS } from '../config/requirement.ts';
import type { Api } from '../resources/api.ts';
import { metadataDocument, METADATA_MEMBERS } from './client-metadata.ts';
import { identifier, instant, text, toInstant, toInstantOrNull } from './document.ts';

const LIST_MAX = 50;
/** A client of every API there can be. */
const APIS_MAX = 2000;
const SCOPES_MAX = 1000;

const access = z.strictObject({
  audience: text.describe('Of an API that is registered'),
  scopes: z.array(text).max(SCOPES_MAX).describe('What it may ask for'),
});

const exchangePolicy = z.strictObject({
  impersonation: z.boolean().describe('Its tokens need not say who acts'),
  apis: z.array(text).max(LIST_MAX).describe('Audiences whose tokens it may exchange'),
  client_ids: z.array(identifier).max(LIST_MAX).describe('Issued to these clients; empty: to any'),
  trusted_issuer_ids: z.array(identifier).max(LIST_MAX),
});

const exchangeChanges = exchangePolicy.partial();

/** What an operator decides about a client beside its metadata. */
const own = {
  first_party: z.boolean().describe('Ours: people are not asked for consent'),
  apis: z.array(access).max(APIS_MAX),
  default_api: text.nullable().describe('Audience of a request that names no resource'),
  acts_for: text.nullable().describe('Audience of the API whose own credentials these are'),
  requirement: z.enum(REQUIREMENTS).describe('How sure it has to be of people'),
  exchange: exchangePolicy.nullable().describe('RFC 8693'),
};

export const secretDocument = z.strictObject({
  id: identifier,
  hint: z.string().describe('Its first characters'),
  created_at: instant,
  expires_at: instant.nullable(),
  last_used_at: instant.nullable().describe('To the minute'),
});

export const clientDocument = z.strictObject({
  client_id: identifier,
  client_id_issued_at: z.int().describe('Seconds since 1970 (RFC 7591 §3.2.1)'),
  ...metadataDocument.shape,
  origin: z.enum(['operator', 'dynamic', 'built-in']),
  ...own,
  brand: z.strictObject({ color: z.string().nullable(), logo: z.string().nullable() }),
  secrets: z.array(secretDocument),
  disabled_at: instant.nullable(),
  created_at: instant,
  updated_at: instant,
});

export type ClientDocument = z.output<typeof clientDocument>;

/** RFC 7591 §3.2.1: the answer to a registration, with the secret that is shown this once. */
export const registeredClientDocument = clientDocument.extend({
  client_secret: z.string().optional(),
  client_secret_expires_at: z.int().optional().describe('Seconds since 1970; 0: it does not expire'),
});

const CLIENT_KIND_NAMES = Object.keys(CLIENT_KINDS) as ClientKind[];

export const newClientDocument = z
  .strictObject({
    client_id: identifier.describe('For those who bring ids along; drawn otherwise'),
    kind: z.enum(CLIENT_KIND_NAMES).describe('Fills in the metadata that such an application needs'),
    ...metadataDocument.shape,
    ...own,
    exchange: exchangeChanges,
  })
  .partial();

/** RFC 7396: what is not mentioned stays, `null` takes a member away; lists are replaced whole. */
export const clientChangesDocument = z
  .strictObject({
    ...nullable(metadataDocument.shape),
    ...own,
    exchange: exchangeChanges,
  })
  .partial();

/** `apis` names the APIs the record refers to by id. */
export function clientToJson(client: ClientRecord, apis: readonly Api[]): ClientDocument {
  const audienceOf = (id: string | null) => apis.find((api) => api.id === id)?.audience ?? null;
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    // What is stored has passed clients/metadata.ts.
    ...(client.metadata as z.output<typeof metadataDocument>),
    origin: client.origin,
    first_party: client.firstParty,
    apis: client.apis.map(({ audience, scopes }) => ({ audience, scopes: [...scopes] })),
    default_api: audienceOf(client.defaultApiId),
    acts_for: audienceOf(client.actsForApiId),
    brand: { color: client.brand.color, logo: client.brand.logo?.type ?? null },
    requirement: client.requirement,
    exchange: client.exchange && {
      impersonation: client.exchange.impersonation,
      apis: client.exchange.apiIds.flatMap((id) => audienceOf(id) ?? []),
      client_ids: [...client.exchange.clientIds],
      trusted_issuer_ids: [...client.exchange.issuerIds],
    },
    secrets: client.secrets.map(secretToJson),
    disabled_at: toInstantOrNull(client.disabledAt),
    created_at: toInstant(client.createdAt),
    updated_at: toInstant(client.updatedAt),
  };
}

export function secretToJson(secret: ClientRecord['secrets'][number]): z.output<typeof secretDocument> {
  return {
    id: secret.id,
    hint: secret.hint,
    created_at: toInstant(secret.createdAt),
    expires_at: toInstantOrNull(secret.expiresAt),
    last_used_at: toInstantOrNull(secret.lastUsedAt),
  };
}

export function toNewClient(document: z.output<typeof newClientDocument>): Omit<NewClient, 'actor'> {
  const { kind } = document;
  return {
    id: document.client_id,
    metadata: { ...(kind && CLIENT_KINDS[kind]), ...metadataOf(document) },
    firstParty: document.first_party,
    requirement: document.requirement,
    apis: document.apis,
    defaultAudience: document.default_api,
    actsForAudience: document.acts_for,
    exchange: document.exchange && toWantedExchange(document.exchange),
  };
}

/** `before` says which APIs the list no longer mentions. */
export function toClientChanges(
  document: z.output<typeof clientChangesDocument>,
  before: Pick<ClientRecord, 'apis'>,
): ClientChanges {
  const kept = new Set(document.apis?.map(({ audience }) => audience));
  const removed = before.apis.map(({ audience }) => audience).filter((audience) => !kept.has(audience));
  return {
    metadata: metadataOf(document),
    firstParty: document.first_party,
    requirement: document.requirement,
    apis: document.apis,
    removeApis: document.apis ? removed : undefined,
    defaultAudience: document.default_api,
    actsForAudience: document.acts_for,
    exchange: document.exchange && toWantedExchange(document.exchange),
  };
}

function metadataOf(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = METADATA_MEMBERS.filter((member) => document[member] !== undefined);
  return Object.fromEntries(given.map((member) => [member, document[member]]));
}

function toWantedExchange(document: z.output<typeof exchangeChanges>): NonNullable<NewClient['exchange']> {
  return {
    impersonation: document.impersonation,
    audiences: document.apis,
    clientIds: document.client_ids,
    issuerIds: document.trusted_issuer_ids,
  };
}

type NullableShape<S extends z.ZodRawShape> = { [K in keyof S]: z.ZodNullable<S[K]> };

function nullable<S extends z.ZodRawShape>(shape: S): NullableShape<S> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, z.nullable(schema)]),
  ) as unknown as NullableShape<S>;
}

/** A logo has 20 kB at most, a third more in base64. */
const LOGO_LENGTH_MAX = 28_000;

export const brandChangesDocument = z
  .strictObject({
    color: text.nullable().describe('`#rrggbb`'),
    logo: z
      .base64()
      .max(LOGO_LENGTH_MAX)
      .nullable()
      .describe('SVG, PNG, JPEG or WebP of at most 20 kB, in base64'),
  })
  .partial();

export function toBrandChanges({ color, logo }: z.output<typeof brandChangesDocument>): BrandChanges {
  return { color, logo: typeof logo === 'string' ? Buffer.from(logo, 'base64') : logo };
}

export const rotatedSecretDocument = z.strictObject({
  client_id: identifier,
  client_secret: z.string(),
  client_secret_expires_at: z.int().describe('Seconds since 1970; 0: it does not expire'),
  previous_expires_at: instant.nullable().describe('null: no previous secret works any more'),
});

export function rotatedSecretToJson(rotated: {
  readonly client: Pick<ClientRecord, 'id'>;
  readonly secret: string;
  readonly expiresAt: Date | null;
  readonly previousExpiresAt: Date | null;
}): z.output<typeof rotatedSecretDocument> {
  return {
    client_id: rotated.client.id,
    client_secret: rotated.secret,
    client_secret_expires_at: rotated.expiresAt === null ? 0 : Math.floor(rotated.expiresAt.getTime() / 1000),
    previous_expires_at: toInstantOrNull(rotated.previousExpiresAt),
  };
}
