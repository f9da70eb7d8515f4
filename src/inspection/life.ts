import { findCause, type Cause } from '../revocation/find-cause.ts';
import type { InspectionContext } from './context.ts';
import type { TokenKind } from './kind.ts';
import { dateOf, type ReadToken } from './reading.ts';
import type { References } from './references.ts';

export const STATES = [
  'active',
  'expired',
  'spent',
  'revoked',
  'not-recorded',
  'not-ours',
  'unknown',
] as const;
export type State = (typeof STATES)[number];

/** Whether a token is alive, and if not, what ended it. */
export interface Life {
  readonly state: State;
  readonly issuedAt: Date | null;
  /** null: never. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** The audit event that ended it; null when there is none, or no longer. */
  readonly cause: Cause | null;
}

type Jwt = Extract<ReadToken, { kind: 'jwt' }>;
type Opaque = Extract<ReadToken, { kind: 'opaque' }>;

export async function findLife(
  context: InspectionContext,
  read: ReadToken,
  { kind, refs }: { kind: TokenKind; refs: References },
): Promise<Life> {
  if (read.kind === 'jwt') return lifeOfJwt(context, read, kind);
  if (read.kind === 'opaque') return lifeOfArtifact(context, read, refs);
  return { state: 'unknown', issuedAt: null, expiresAt: null, revokedAt: null, cause: null };
}

async function lifeOfJwt(context: InspectionContext, jwt: Jwt, kind: TokenKind): Promise<Life> {
  const { claims, entry, key } = jwt;
  const isOurs = isSignedByUs(jwt, context.config.issuer);
  const revokedAt = isOurs ? (entry?.revokedAt ?? key?.revokedAt ?? null) : null;
  const times = { issuedAt: dateOf(claims.iat) ?? null, expiresAt: dateOf(claims.exp) ?? null, revokedAt };
  if (!isOurs) return { state: 'not-ours', ...times, cause: null };
  if (revokedAt) {
    const cause = entry ? await findCause(context.db.pool, deadToken(claims, entry, revokedAt)) : undefined;
    return { state: 'revoked', ...times, cause: cause ?? null };
  }
  const isExpired = times.expiresAt !== null && times.expiresAt <= context.clock.now();
  // The ledger keeps access tokens only; whatever else we sign is good until it expires, and lets nobody in.
  const state = entry && kind === 'access_token' ? 'active' : 'not-recorded';
  return { state: isExpired ? 'expired' : state, ...times, cause: null };
}

/** Under our name as well: an installation that was renamed does not accept what it signed before. */
export function isSignedByUs({ signature, claims }: Jwt, issuer: string): boolean {
  return signature === 'valid' && claims.iss === issuer;
}

function deadToken(claims: Jwt['claims'], entry: NonNullable<Jwt['entry']>, revokedAt: Date) {
  const { issuedAt, grantId, sessionUid, accountId, clientId, apiId, kid } = entry;
  const { hangsOn } = entry;
  return {
    revokedAt,
    issuedAt,
    jti: claims.jti,
    grantId,
    sessionUid,
    accountId,
    clientId,
    apiId,
    kid,
    hangsOn,
  };
}

async function lifeOfArtifact(
  { db, clock }: InspectionContext,
  { artifact }: Opaque,
  { sessionUid }: References,
): Promise<Life> {
  const {
    createdAt: issuedAt,
    expiresAt,
    grantRevokedAt: revokedAt,
    clientId,
    accountId,
    grantId,
  } = artifact;
  const times = { issuedAt, expiresAt, revokedAt };
  if (revokedAt) {
    const dead = { revokedAt, issuedAt, grantId, sessionUid, accountId, clientId };
    return { state: 'revoked', ...times, cause: (await findCause(db.pool, dead)) ?? null };
  }
  if (expiresAt !== null && expiresAt <= clock.now()) return { state: 'expired', ...times, cause: null };
  // Its grant expired and was forgotten.
  if (!artifact.stands) return { state: 'expired', ...times, cause: null };
  return { state: artifact.consumedAt ? 'spent' : 'active', ...times, cause: null };
}
