import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import { createApi } from '../resources/create-api.ts';
import { enableApi } from '../resources/enable-api.ts';
import { findApiByAudience } from '../resources/store.ts';
import { updateApi } from '../resources/update-api.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { deleteApi } from '../revocation/delete-api.ts';
import { deleteClient } from '../revocation/delete-client.ts';
import { deleteRole } from '../revocation/delete-role.ts';
import { deleteTrustedIssuer } from '../revocation/delete-trusted-issuer.ts';
import { deleteProvider } from '../revocation/disable-provider.ts';
import { removeScopes } from '../revocation/remove-scopes.ts';
import { updateRole } from '../revocation/update-role.ts';
import { updateTrustedIssuer } from '../revocation/update-trusted-issuer.ts';
import { createRole } from '../roles/create-role.ts';
import { roleNotFound } from '../roles/not-found.ts';
import { findRoleByName } from '../roles/store.ts';
import { createTrustedIssuer } from '../upstream/create-trusted-issuer.ts';
import type { ConfigurationContext, Kind, Normals } from './configuration.ts';
import { splitRole } from './normal-role.ts';
import type { Stored } from './state.ts';

/** How each kind of thing is made and changed by the verbs of its room. What ends something for good comes later: see apply.ts. */

/** `db` is the open transaction (db/nested.ts): every verb is a part of it. */
export interface Making extends ConfigurationContext {
  readonly tx: Knex.Transaction;
  readonly actor: Actor;
}

export async function makeApi(
  ctx: Making,
  { wanted, stored }: { wanted: Normals['api']; stored: Stored | undefined },
): Promise<void> {
  const { actor } = ctx;
  const scopes = Object.entries(wanted.scopes).map(([name, description]) => ({ name, description }));
  const settings = {
    name: wanted.name,
    tokenTtlSeconds: wanted.token_ttl_seconds,
    signingAlg: wanted.signing_alg,
    requirement: wanted.requirement,
  };
  if (stored?.kind !== 'api') {
    await createApi(ctx, { ...settings, audience: wanted.audience, scopes, actor });
    return;
  }
  const gone = Object.keys(stored.document.scopes).filter((name) => !Object.hasOwn(wanted.scopes, name));
  if (gone.length > 0) await removeScopes(ctx, stored.id, gone, actor);
  const changed = scopes.filter(({ name, description }) => stored.document.scopes[name] !== description);
  await updateApi(ctx, stored.id, { ...settings, scopes: changed }, actor);
  if (stored.document.disabled && !wanted.disabled) await enableApi(ctx, stored.id, actor);
}

export async function makeRole(
  ctx: Making,
  { wanted, stored }: { wanted: Normals['role']; stored: Stored | undefined },
): Promise<void> {
  const { actor } = ctx;
  const { description, scopes } = wanted;
  if (stored) {
    await updateRole(ctx, stored.id, { description, scopes }, { actor });
    return;
  }
  await createRole(ctx, {
    apiId: await apiIdOf(ctx, wanted.api),
    name: wanted.name,
    description,
    scopes,
    actor,
  });
}

export async function makeIssuer(
  ctx: Making,
  { wanted, stored }: { wanted: Normals['trusted-issuer']; stored: Stored | undefined },
): Promise<void> {
  const { actor } = ctx;
  const settings = {
    provider: wanted.identity_provider,
    audience: wanted.audience,
    algs: wanted.algs,
    maxAgeSeconds: wanted.max_age_seconds,
    oneTime: wanted.one_time,
  };
  if (stored) {
    await updateTrustedIssuer(ctx, stored.id, { ...settings, jwksUri: wanted.jwks_uri }, actor);
    return;
  }
  const jwksUri = wanted.jwks_uri ?? undefined;
  await createTrustedIssuer(ctx, { ...settings, issuer: wanted.issuer, jwksUri, actor });
}

export async function apiIdOf({ tx }: Making, audience: string): Promise<string> {
  const api = await findApiByAudience(tx, audience);
  if (!api) throw apiNotFound();
  return api.id;
}

/** By the role's key. */
export async function roleIdOf(ctx: Making, key: string): Promise<string> {
  const { api, role: name } = splitRole(key);
  const role = await findRoleByName(ctx.tx, { apiId: await apiIdOf(ctx, api), name });
  if (!role) throw roleNotFound();
  return role.id;
}

type Ending = (ctx: Making, id: string, actor: Actor) => Promise<{ readonly tokens: number }>;

/** Each ends the tokens of what it deletes. */
export const DELETIONS: Readonly<Record<Kind, Ending>> = {
  api: deleteApi,
  role: (ctx, id, actor) => deleteRole(ctx, id, { actor }),
  'identity-provider': deleteProvider,
  'trusted-issuer': deleteTrustedIssuer,
  client: deleteClient,
};
