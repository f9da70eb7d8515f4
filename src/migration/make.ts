import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import { checkChosenClientId, createClient } from '../clients/create-client.ts';
import { findClient } from '../clients/store.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Queryable } from '../db/database.ts';
import { nested } from '../db/nested.ts';
import { AppError } from '../errors.ts';
import { importKeysWithin } from '../keys/import-keys.ts';
import { createApi } from '../resources/create-api.ts';
import { checkAudience } from '../resources/rules.ts';
import type { Api } from '../resources/api.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { findApiByAudience } from '../resources/store.ts';
import { disableClient } from '../revocation/disable-client.ts';
import { revoking, type RevocationContext } from '../revocation/revoke.ts';
import { assignRole } from '../roles/assign-role.ts';
import { createRole } from '../roles/create-role.ts';
import { checkRoleName } from '../roles/rules.ts';
import { findRoleByName } from '../roles/store.ts';
import type {
  Counts,
  ForeignApi,
  ForeignClient,
  ForeignRole,
  Imported,
  Migration,
  RoleName,
} from './migration.ts';
import { noCounts } from './migration.ts';
import type { Notes } from './notes.ts';

export interface MakeContext extends RevocationContext {
  readonly secrets: Secrets;
  readonly config: Pick<Config, 'mode' | 'statusLists' | 'tokens'> &
    Partial<Pick<Config, 'clientCertificateHeader'>>;
}

export interface MakeOptions {
  /** The caller undoes it, so nobody is to wait for it: disabling would hold issuance up. */
  readonly rehearse: boolean;
  readonly actor: Actor;
  readonly notes: Notes;
}

interface Making extends MakeContext {
  readonly tx: Knex.Transaction;
  readonly actor: Actor;
  readonly rehearse: boolean;
}

type Problem = Parameters<Notes['add']>;

/** All of it in one transaction. What a room refuses is noted and left out; anything else ends it with nothing done. */
export async function makeConfiguration(
  ctx: MakeContext,
  migration: Migration,
  { rehearse, actor, notes }: MakeOptions,
): Promise<Counts> {
  const made = await revoking(ctx, (tx) =>
    makeWithin({ ...ctx, db: nested(ctx.db, tx), tx, actor, rehearse }, migration),
  );
  // It may have run again after a deadlock, so what it found counts at its end.
  for (const [note, example] of made.problems) notes.add(note, example);
  return made.counts;
}

async function makeWithin(
  ctx: Making,
  { apis, roles, clients, keys }: Migration,
): Promise<{ counts: Counts; problems: Problem[] }> {
  const counts = noCounts();
  const problems: Problem[] = [];
  const each = async <T>(
    noun: keyof typeof NOUNS,
    things: readonly T[],
    { nameOf, make }: { nameOf: (one: T) => string; make: (ctx: Making, one: T) => Promise<boolean> },
  ) => {
    for (const one of things) {
      try {
        counts[noun][(await make(ctx, one)) ? 'imported' : 'alreadyThere'] += 1;
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
        problems.push([{ what: NOUNS[noun], why: error.message, todo: 'Make it by hand.' }, nameOf(one)]);
      }
    }
  };
  await each('apis', apis, { nameOf: ({ audience }) => audience, make: makeApi });
  await each('roles', roles, { nameOf: ({ api, role }) => `${role} of ${api}`, make: makeRole });
  await each('clients', clients, { nameOf: ({ id }) => id, make: makeClient });
  const added = await importKeysWithin(ctx.tx, keys, { now: ctx.clock.now(), actor: ctx.actor });
  counts.keys = { imported: added.length, alreadyThere: keys.length - added.length };
  return { counts, problems };
}

const NOUNS = {
  apis: 'an API',
  roles: 'a role',
  clients: 'a client',
} as const satisfies Partial<Record<Imported, string>>;

/** False: it is there. */
async function makeApi(ctx: Making, { tokenTtlSeconds, ...api }: ForeignApi): Promise<boolean> {
  const known = await findApiByAudience(ctx.tx, checkAudience(api.audience));
  if (known?.origin === 'built-in') throw builtIn();
  if (known) return false;
  const ttl = tokenTtlSeconds ?? ctx.config.tokens.accessTtlSeconds;
  await createApi(ctx, { ...api, tokenTtlSeconds: ttl, actor: ctx.actor });
  return true;
}

async function makeRole(ctx: Making, { api, role, ...rest }: ForeignRole): Promise<boolean> {
  const apiId = (await findForeignApi(ctx.tx, checkAudience(api)))?.id;
  if (apiId === undefined) throw apiNotFound();
  if (await findRoleByName(ctx.tx, { apiId, name: checkRoleName(role) })) return false;
  await createRole(ctx, { apiId, name: role, ...rest, actor: ctx.actor });
  return true;
}

async function makeClient(ctx: Making, client: ForeignClient): Promise<boolean> {
  const { id, secret, roles, disabled, apis, defaultAudience, actsForAudience, ...rest } = client;
  if (await findClient(ctx.tx, checkChosenClientId(id))) return false;
  const { actor } = ctx;
  // All of it or nothing: a client without a part of what it needs is found broken later.
  await ctx.db.transaction(async (tx) => {
    const within = { ...ctx, db: nested(ctx.db, tx), tx };
    await createClient(within, {
      ...rest,
      id,
      apis: await knownAccess(within, apis),
      defaultAudience: await knownAudience(within, defaultAudience),
      actsForAudience: await knownAudience(within, actsForAudience),
      secrets: secret === undefined ? undefined : [secret],
      actor,
    });
    for (const role of roles) {
      const roleId = await findRoleId(tx, role);
      if (roleId !== undefined) await assignRole(within, { roleId, subject: { clientId: id }, actor });
    }
    if (disabled && !ctx.rehearse) await disableClient(within, id, actor);
  });
  return true;
}

/** An API or a scope that was refused is said already. */
async function knownAccess({ tx }: Making, apis: ForeignClient['apis']): Promise<ForeignClient['apis']> {
  const known: ForeignClient['apis'][number][] = [];
  for (const { audience, scopes } of apis) {
    const api = await findForeignApi(tx, audience);
    const names = new Set(api?.scopes.map(({ name }) => name));
    if (api) known.push({ audience, scopes: scopes.filter((scope) => names.has(scope)) });
  }
  return known;
}

async function knownAudience({ tx }: Making, audience: string | null): Promise<string | null> {
  return audience !== null && (await findForeignApi(tx, audience)) ? audience : null;
}

/** undefined: it was refused, which is said already. */
export async function findRoleId(db: Queryable, { api, role }: RoleName): Promise<string | undefined> {
  const found = await findForeignApi(db, api);
  return found && (await findRoleByName(db, { apiId: found.id, name: role }))?.id;
}

/** An export that names an API of this server itself, as the admin API, gives nobody any right to it. */
async function findForeignApi(db: Queryable, audience: string): Promise<Api | undefined> {
  const api = await findApiByAudience(db, audience);
  return api?.origin === 'built-in' ? undefined : api;
}

function builtIn(): AppError {
  return new AppError(
    'api_built_in',
    'This API is a part of this server, and no export says who may use it.',
    {
      status: 409,
    },
  );
}
