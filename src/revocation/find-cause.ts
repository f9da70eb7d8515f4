import type { Pool } from 'pg';

import type { Actor } from '../audit/record.ts';
import { findOccasion, findRevocations, type RevocationEvent } from '../audit/store.ts';
import { nameOf } from './origin.ts';
import { jtiDigest, type RevokeTarget } from './token.ts';

/** Why something is dead: the event that ended it. */
export interface Cause {
  readonly at: Date;
  readonly actor: Actor;
  readonly target: { readonly kind: TargetKind; readonly value: string };
  /** The change it was a part of, `client.disabled` say; null when it was revoked for its own sake. */
  readonly occasion: string | null;
  /** It ended with a token that it came of (origin.ts), and not for its own sake. */
  readonly isInherited: boolean;
}

/** What may have been the target: everything that a dead token or grant hung on. */
export interface Dead {
  readonly revokedAt: Date;
  readonly issuedAt: Date;
  readonly jti?: string | undefined;
  readonly grantId: string | null;
  readonly sessionUid: string | null;
  readonly accountId: string | null;
  readonly clientId: string | null;
  readonly apiId?: string | undefined;
  readonly kid?: string | undefined;
  /** Of an exchanged token: see origin.ts. */
  readonly hangsOn?: readonly string[];
}

export const TARGET_KINDS = [
  'jti',
  'digest',
  'grant',
  'session',
  'account',
  'client',
  'consentOf',
  'identity',
  'identitySessions',
  'provider',
  'accountRoles',
  'clientRoles',
  'role',
  'api',
  'key',
  'trustedIssuer',
  'issuedBefore',
] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** They end tokens of one API, and what came of those. */
const OF_ROLES: ReadonlySet<TargetKind> = new Set(['accountRoles', 'clientRoles', 'role']);

/** The verbs that revoke as a part of what they do. */
const OCCASIONS: Partial<Record<TargetKind, readonly string[]>> = {
  account: ['account.disabled', 'account.deleted', 'account.password-set'],
  client: ['client.disabled', 'client.deleted'],
  identity: ['identity.unlinked'],
  identitySessions: ['identity.signed-out'],
  provider: ['identity-provider.disabled', 'identity-provider.deleted'],
  accountRoles: ['role.taken'],
  clientRoles: ['role.taken'],
  role: ['role.updated', 'role.deleted'],
  api: ['api.disabled', 'api.deleted', 'api.roles-enforced'],
  key: ['key.revoked'],
};

/** A row bears the instant of the event that ended it. Undefined when the audit log has no such event, or no longer. */
export async function findCause(pool: Pool, dead: Dead): Promise<Cause | undefined> {
  const events = await findRevocations(pool, dead.revokedAt);
  const fitting = events.flatMap((event) => {
    const target = targetOf(event);
    return target && fits(target, dead, event) ? [{ event, target }] : [];
  });
  // Of two in one millisecond, the one that found something alive.
  const chosen = fitting.find(({ event }) => event.detail['tokens'] !== 0) ?? fitting[0];
  if (!chosen) return undefined;
  const { event, target } = chosen;
  const types = OCCASIONS[target.kind];
  const occasion = types && (await findOccasion(pool, event, { types, target: target.value }));
  const isInherited = !fitsItself(target, dead, event);
  return { at: event.occurredAt, actor: event.actor, target, occasion: occasion ?? null, isInherited };
}

function targetOf({ detail }: RevocationEvent): Cause['target'] | undefined {
  for (const kind of TARGET_KINDS) {
    const value = detail[kind];
    if (typeof value === 'string') return { kind, value };
  }
  return undefined;
}

function fits(target: Cause['target'], dead: Dead, event: RevocationEvent): boolean {
  return fitsItself(target, dead, event) || fitsOrigin(target, dead.hangsOn ?? [], event);
}

function fitsOrigin(
  { kind, value }: Cause['target'],
  hangsOn: readonly string[],
  { detail }: RevocationEvent,
): boolean {
  if (OF_ROLES.has(kind)) return hangsOn.includes(`api:${String(detail['apiId'])}`);
  const name = kind === 'issuedBefore' ? undefined : nameOf({ [kind]: value } as unknown as RevokeTarget);
  return name !== undefined && hangsOn.includes(name);
}

function fitsItself({ kind, value }: Cause['target'], dead: Dead, { detail }: RevocationEvent): boolean {
  switch (kind) {
    case 'jti':
      return dead.jti === value;
    case 'digest':
      return dead.jti !== undefined && jtiDigest(dead.jti).toString('hex') === value;
    case 'grant':
      return dead.grantId === value;
    case 'session':
      return dead.sessionUid === value;
    case 'account':
      return dead.accountId === value;
    case 'client':
      return dead.clientId === value;
    case 'consentOf':
      // What hangs on the client's grants may be somebody else's, got in exchange.
      return dead.accountId === value && (dead.clientId === detail['clientId'] || dead.grantId !== null);
    case 'identitySessions':
      return dead.sessionUid !== null;
    case 'identity':
    case 'provider':
      // Which one it was is not written into the ledger; what is ended hangs on a session or a grant.
      return dead.sessionUid !== null || dead.grantId !== null;
    case 'accountRoles':
      return dead.accountId === value && dead.apiId === detail['apiId'];
    case 'clientRoles':
      return dead.accountId === null && dead.apiId === detail['apiId'] && isOrHangsOnClient(dead, value);
    case 'role':
      // Who had it is not written down.
      return dead.apiId === detail['apiId'];
    case 'api':
      return dead.apiId === value;
    case 'key':
      return dead.kid === value;
    case 'trustedIssuer':
      return false;
    case 'issuedBefore':
      // What hangs on an older session or grant goes with it, however young it is itself.
      return (
        dead.issuedAt < new Date(value) ||
        dead.sessionUid !== null ||
        dead.grantId !== null ||
        (dead.hangsOn ?? []).length > 0
      );
  }
}

function isOrHangsOnClient({ clientId, hangsOn = [] }: Dead, client: string): boolean {
  return clientId === client || hangsOn.includes(`client:${client}`);
}
