import type { Account } from '../accounts/account.ts';
import { findAccount } from '../accounts/store.ts';
import { findClient } from '../clients/store.ts';
import { isStorable } from '../db/text.ts';
import { findGrants } from '../grants/store.ts';
import type { Api } from '../resources/api.ts';
import { findApi, findApiByAudience } from '../resources/store.ts';
import { statusListUri } from '../revocation/status-list.ts';
import { findStatusBit } from '../revocation/status-store.ts';
import { idleSince } from '../sessions/session.ts';
import { findSessions } from '../sessions/store.ts';
import type { InspectionContext } from './context.ts';
import type { References, Sender } from './references.ts';

/** What the database has, now, of everything a token names. */
export interface Surroundings {
  readonly client: Party | null;
  readonly person: Party | null;
  readonly api: (Party & { readonly audience: string }) | null;
  readonly scopes: readonly { readonly name: string; readonly description: string | null }[];
  readonly sender: Sender | null;
  readonly grant: Hook | null;
  readonly session: Hook | null;
  /** `bit`: 1 when revoked; null when the list is gone. */
  readonly status: { readonly uri: string; readonly index: number; readonly bit: 0 | 1 } | null;
}

export interface Party {
  readonly id: string;
  readonly name: string | null;
  readonly state: 'enabled' | 'disabled' | 'deleted';
  readonly disabledAt: Date | null;
}

export interface Hook {
  readonly id: string;
  readonly state: 'alive' | 'ended';
}

export async function findSurroundings(context: InspectionContext, refs: References): Promise<Surroundings> {
  const { db } = context;
  const usedSince = idleSince(context.clock.now(), context.config.sessions.idleSeconds);
  const api = await findTheApi(context, refs);
  const grant =
    refs.grantId === null ? null : { id: refs.grantId, found: await findGrants(db.pool, [refs.grantId]) };
  const session =
    refs.sessionUid === null
      ? null
      : { id: refs.sessionUid, found: await findSessions(db.pool, [refs.sessionUid], usedSince) };
  return {
    client: refs.clientId === null ? null : await findClientParty(context, refs.clientId),
    person: refs.accountId === null ? null : await findPersonParty(context, refs.accountId),
    api: apiParty(api, refs),
    scopes: refs.scopes.map((name) => ({
      name,
      description: api?.scopes.find((scope) => scope.name === name)?.description ?? null,
    })),
    sender: refs.sender,
    grant: hook(grant, context.clock.now()),
    session: hook(session, context.clock.now()),
    status: await findStatus(context, refs.status),
  };
}

export async function findClientParty({ db }: InspectionContext, id: string): Promise<Party> {
  const client = await findClient(db.knex, id);
  const name = client?.metadata['client_name'];
  return party(id, client, typeof name === 'string' ? name : null);
}

export async function findPersonParty({ db }: InspectionContext, id: string): Promise<Party> {
  const account = await findAccount(db.knex, id);
  return party(id, account, account ? nameOf(account) : null);
}

function nameOf({ profile, email, username }: Account): string {
  const handle = email ?? username ?? '';
  return profile.name === undefined ? handle : `${profile.name}, ${handle}`;
}

async function findTheApi(
  { db }: InspectionContext,
  { apiId, audiences }: References,
): Promise<Api | undefined> {
  if (apiId !== null) return findApi(db.knex, apiId);
  const [audience] = audiences;
  return audience !== undefined && isStorable(audience) ? findApiByAudience(db.knex, audience) : undefined;
}

/** Of a deleted API the token still tells the audience. */
function apiParty(api: Api | undefined, { apiId, audiences }: References): Surroundings['api'] {
  const audience = api?.audience ?? audiences[0];
  if (audience === undefined) return null;
  return { ...party(api?.id ?? apiId ?? audience, api, api?.name ?? null), audience };
}

function party(id: string, found: { disabledAt: Date | null } | undefined, name: string | null): Party {
  if (!found) return { id, name, state: 'deleted', disabledAt: null };
  return { id, name, state: found.disabledAt ? 'disabled' : 'enabled', disabledAt: found.disabledAt };
}

function hook(
  named: { id: string; found: readonly ({ expiresAt: Date } | undefined)[] } | null,
  now: Date,
): Hook | null {
  if (!named) return null;
  const [found] = named.found;
  return { id: named.id, state: found && found.expiresAt > now ? 'alive' : 'ended' };
}

async function findStatus(
  { db, config }: InspectionContext,
  status: References['status'],
): Promise<Surroundings['status']> {
  if (!status) return null;
  const found = await findStatusBit(db.pool, status);
  return found
    ? { uri: statusListUri(config.issuer, found.listId), index: status.index, bit: found.bit }
    : null;
}
