import { errors } from 'oidc-provider';

import type { ClientRecord } from '../clients/client.ts';
import { NO_EXCHANGE } from '../clients/exchange.ts';
import { capOf, generationOf, rootOf } from '../revocation/origin.ts';
import type { Api } from '../resources/api.ts';
import type { TrustedIssuer } from '../upstream/trusted-issuer.ts';
import type { HallContext } from './context.ts';
import { wordsOf, type Presented } from './token-exchange-subject.ts';

/** RFC 8693 §4.1: who acts, and for whom they were acting before. */
export interface Act {
  readonly sub: string;
  readonly act?: unknown;
}

/** A chain of services; a longer one is a loop. */
const GENERATIONS_MAX = 5;

/** TX-07: whose tokens this client may exchange. What is not said is not allowed. */
export function mayExchange(client: ClientRecord, { entry }: Presented): boolean {
  if (!entry) return false;
  const policy = client.exchange ?? NO_EXCHANGE;
  if (entry.clientId === client.id) return true;
  if (policy.clientIds.length > 0 && !policy.clientIds.includes(entry.clientId)) return false;
  return entry.apiId === client.actsForApiId || policy.apiIds.includes(entry.apiId);
}

export function mayUseIssuer({ exchange }: ClientRecord, { id }: TrustedIssuer): boolean {
  return (exchange ?? NO_EXCHANGE).issuerIds.includes(id);
}

/**
 * The `act` of the new token; undefined: impersonation, which leaves what was there. Throws `invalid_request` when the
 * subject's `may_act` names somebody else (RFC 8693 §4.4), or when the chain gets too long.
 */
export function actOf(client: ClientRecord, subject: Presented, actor: Presented | undefined): unknown {
  if (generationOf(subject.hangsOn) > GENERATIONS_MAX)
    throw new errors.InvalidRequest('subject_token was exchanged too often');
  const party = actor
    ? { sub: actor.sub, clientId: actor.entry?.clientId }
    : { sub: client.id, clientId: client.id };
  if (!mayAct(subject.claims['may_act'], party))
    throw new errors.InvalidRequest('may_act names another party');
  const before = subject.claims['act'];
  if (!actor && (client.exchange ?? NO_EXCHANGE).impersonation) return before;
  return { sub: party.sub, ...(before === undefined ? {} : { act: before }) } satisfies Act;
}

function mayAct(claim: unknown, party: { sub: string; clientId: string | undefined }): boolean {
  if (claim === undefined) return true;
  if (typeof claim !== 'object' || claim === null) return false;
  const known: Readonly<Record<string, string | undefined>> = { sub: party.sub, client_id: party.clientId };
  const named = Object.entries(claim);
  // A member that we cannot compare (`iss`, say) narrows it to somebody we do not know to be this one.
  return named.length > 0 && named.every(([member, value]) => value !== undefined && known[member] === value);
}

/** An actor's token is that of whoever asks: it was issued to this client, to act for itself or for a person. */
export function checkActor(client: ClientRecord, actor: Presented): void {
  const isOurs = actor.entry?.clientId === client.id && actor.claims['act'] === undefined;
  if (!isOurs || actor.claims['cnf'] !== undefined)
    throw new errors.InvalidRequest('actor_token is not accepted');
}

/**
 * TX-04: the scopes of the API that the subject reaches. For an API that a token of its chain was for, what that token said. For
 * another one, what the person has allowed the client at the beginning of the chain, or what that client may ask for where
 * nobody is asked. undefined: that API not at all. For a foreign token only the exchanging client's own access counts.
 */
export async function reachOf(
  hall: HallContext,
  { entry, hangsOn }: Presented,
  api: Api,
): Promise<readonly string[] | 'all' | undefined> {
  if (!entry) return 'all';
  const cap = capOf(hangsOn, api.id);
  if (cap) return cap;
  const client = await hall.clients.find(rootOf(entry));
  const access = client?.apis.find(({ apiId }) => apiId === api.id)?.scopes;
  if (!access || entry.grantId === null || client.firstParty) return access;
  const grant = await hall.records.findGrant(entry.grantId);
  const granted = (grant?.payload as { resources?: Record<string, string> } | undefined)?.resources;
  const scopes = granted?.[api.audience];
  return scopes === undefined ? undefined : wordsOf(scopes).filter((scope) => access.includes(scope));
}

/** What is asked for, all of it or an error; without a word, all that may be had. */
export function narrowScopes(
  asked: readonly string[] | undefined,
  reach: readonly string[] | 'all',
  own: readonly string[],
): readonly string[] {
  const possible = reach === 'all' ? own : own.filter((scope) => reach.includes(scope));
  const beyond = asked?.find((scope) => !possible.includes(scope));
  if (beyond !== undefined)
    throw new errors.InvalidScope('the scope is beyond the subject or the client', beyond);
  return asked ?? possible;
}

/**
 * A token bound to a key (RFC 9449, RFC 8705) is worth nothing to whoever copies it, and stays so: it is exchanged by who holds
 * the key, or by the API that it is addressed to, which has seen the proof; and the new one is bound as well.
 */
export function checkBinding(
  client: ClientRecord,
  { entry, claims }: Presented,
  binding: { readonly jkt?: string | undefined; readonly x5t?: string | undefined },
): void {
  const cnf = claims['cnf'];
  if (cnf === undefined) return;
  const { jkt, 'x5t#S256': x5t } = cnf as { jkt?: unknown; 'x5t#S256'?: unknown };
  const holdsKey = jkt === undefined ? x5t !== undefined && x5t === binding.x5t : jkt === binding.jkt;
  if (holdsKey) return;
  const isAddressee = entry !== undefined && entry.apiId === client.actsForApiId;
  const isBound = binding.jkt !== undefined || binding.x5t !== undefined;
  if (!isAddressee || !isBound)
    throw new errors.InvalidRequest('subject_token is bound to a key that was not proved');
}
