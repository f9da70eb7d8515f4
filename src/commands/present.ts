import type { Account } from '../accounts/account.ts';
import type { ClientRecord } from '../clients/client.ts';
import type { Api } from '../resources/api.ts';
import type { SigningKey } from '../keys/key.ts';

/** Rows as JSON documents: every member is written down here, so that a new column stays private until somebody adds it. */

export function apiToJson(api: Api): Record<string, unknown> {
  return {
    id: api.id,
    audience: api.audience,
    name: api.name,
    scopes: api.scopes.map(({ name, description }) => ({ name, description })),
    token_ttl_seconds: api.tokenTtlSeconds,
    signing_alg: api.signingAlg,
    requirement: api.requirement,
    disabled_at: api.disabledAt,
    created_at: api.createdAt,
    updated_at: api.updatedAt,
  };
}

/** RFC 7591 members as they are, ours beside them. `apis` names the APIs the record refers to by id. */
export function clientToJson(client: ClientRecord, apis: readonly Api[]): Record<string, unknown> {
  const audienceOf = (id: string | null) => apis.find((api) => api.id === id)?.audience ?? null;
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    ...client.metadata,
    origin: client.origin,
    first_party: client.firstParty,
    apis: client.apis.map(({ audience, scopes }) => ({ audience, scopes })),
    default_api: audienceOf(client.defaultApiId),
    acts_for: audienceOf(client.actsForApiId),
    brand: { color: client.brand.color, logo: client.brand.logo?.type ?? null },
    requirement: client.requirement,
    exchange: client.exchange && {
      impersonation: client.exchange.impersonation,
      apis: client.exchange.apiIds.flatMap((id) => audienceOf(id) ?? []),
      client_ids: client.exchange.clientIds,
      trusted_issuer_ids: client.exchange.issuerIds,
    },
    secrets: client.secrets.map(({ id, hint, createdAt, expiresAt }) => ({
      id,
      hint,
      created_at: createdAt,
      expires_at: expiresAt,
    })),
    disabled_at: client.disabledAt,
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  };
}

export function accountToJson(account: Account): Record<string, unknown> {
  return {
    id: account.id,
    username: account.username,
    email: account.email,
    email_verified: account.emailVerified,
    profile: account.profile,
    has_password: account.hasPassword,
    password_changed_at: account.passwordChangedAt,
    disabled_at: account.disabledAt,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

/** When it became what it is. */
export function keySince(key: SigningKey): Date {
  return key.revokedAt ?? key.retiredAt ?? key.activatedAt ?? key.publishedAt ?? key.createdAt;
}

export function keyToJson(key: SigningKey): Record<string, unknown> {
  return {
    kid: key.kid,
    alg: key.alg,
    state: key.state,
    created_at: key.createdAt,
    published_at: key.publishedAt,
    activated_at: key.activatedAt,
    retired_at: key.retiredAt,
    revoked_at: key.revokedAt,
  };
}
