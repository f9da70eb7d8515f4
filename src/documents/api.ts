import { z } from 'zod';

import { REQUIREMENTS } from '../config/requirement.ts';
import { API_ORIGINS, SIGNING_ALGS, type Api } from '../resources/api.ts';
import type { NewApi } from '../resources/create-api.ts';
import type { ApiChanges } from '../resources/update-api.ts';
import { identifier, instant, text, toInstant, toInstantOrNull } from './document.ts';

const SCOPES_MAX = 1000;

const scopeDocument = z.strictObject({
  name: text.describe('RFC 6749 §3.3'),
  description: text.describe('In words, for the consent page'),
});

const settings = {
  name: text.describe('Shown on the consent page'),
  scopes: z.array(scopeDocument).max(SCOPES_MAX),
  token_ttl_seconds: z.int().describe('How long its access tokens live'),
  signing_alg: z.enum(SIGNING_ALGS),
  requirement: z.enum(REQUIREMENTS).describe('How sure it has to be of people'),
  enforces_roles: z.boolean().describe('Its tokens carry only scopes that a role gives to whom they act for'),
};

export const apiDocument = z.strictObject({
  id: identifier,
  audience: z.string().describe('`aud` of its tokens, `resource` of requests (RFC 8707)'),
  ...settings,
  origin: z.enum(API_ORIGINS),
  disabled_at: instant.nullable(),
  created_at: instant,
  updated_at: instant,
});

export type ApiDocument = z.output<typeof apiDocument>;

export const newApiDocument = z.strictObject({
  audience: text.describe('An absolute URI without fragment; it never changes'),
  name: settings.name,
  scopes: settings.scopes.optional(),
  token_ttl_seconds: settings.token_ttl_seconds.optional(),
  signing_alg: settings.signing_alg.optional(),
  requirement: settings.requirement.optional(),
  enforces_roles: settings.enforces_roles.optional(),
});

/** `scopes` replaces them all: those that are missing are taken away, with the tokens that carry them. */
export const apiChangesDocument = newApiDocument.omit({ audience: true }).partial();

export function apiToJson(api: Api): ApiDocument {
  return {
    id: api.id,
    audience: api.audience,
    name: api.name,
    scopes: api.scopes.map(({ name, description }) => ({ name, description })),
    token_ttl_seconds: api.tokenTtlSeconds,
    signing_alg: api.signingAlg,
    requirement: api.requirement,
    enforces_roles: api.enforcesRoles,
    origin: api.origin,
    disabled_at: toInstantOrNull(api.disabledAt),
    created_at: toInstant(api.createdAt),
    updated_at: toInstant(api.updatedAt),
  };
}

export function toNewApi(
  document: z.output<typeof newApiDocument>,
  defaults: { tokenTtlSeconds: number },
): Omit<NewApi, 'actor'> {
  return {
    audience: document.audience,
    name: document.name,
    scopes: document.scopes,
    tokenTtlSeconds: document.token_ttl_seconds ?? defaults.tokenTtlSeconds,
    signingAlg: document.signing_alg,
    requirement: document.requirement,
    enforcesRoles: document.enforces_roles,
  };
}

export function toApiChanges(document: z.output<typeof apiChangesDocument>): ApiChanges {
  return {
    name: document.name,
    scopes: document.scopes,
    tokenTtlSeconds: document.token_ttl_seconds,
    signingAlg: document.signing_alg,
    requirement: document.requirement,
  };
}
