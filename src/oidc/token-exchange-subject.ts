import type { JWTPayload } from 'jose';
import { errors } from 'oidc-provider';

import { AppError } from '../errors.ts';
import { isStorable } from '../db/text.ts';
import { sha256 } from '../crypto/digest.ts';
import { foreignNames, namesOf, type TokenKey } from '../revocation/origin.ts';
import { findOwnToken, verifyOwnToken, type OwnKeys } from '../revocation/own-token.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import { jtiDigest } from '../revocation/token.ts';
import type { ForeignTokens } from '../upstream/foreign-token.ts';
import { findIdentity } from '../upstream/identity-store.ts';
import { findUsableIssuer } from '../upstream/trusted-issuer-store.ts';
import type { TrustedIssuer } from '../upstream/trusted-issuer.ts';
import type { HallContext } from './context.ts';

/** A token somebody presents for exchange, whose every claim has been checked. */
export interface Presented {
  readonly sub: string;
  /** null: a client that acts for itself. */
  readonly accountId: string | null;
  /** Of our own ledger; undefined for a foreign token. */
  readonly entry: LedgerEntry | undefined;
  readonly issuer: TrustedIssuer | undefined;
  /** As whom the person has connected that issuer. */
  readonly identityId: string | undefined;
  readonly claims: JWTPayload;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly hangsOn: readonly string[];
  readonly key: TokenKey | null;
}

export interface ExchangeContext extends HallContext {
  readonly ownKeys: OwnKeys;
  readonly foreignTokens: ForeignTokens;
}

/** RFC 8693 §2.2.2: whatever is wrong with a presented token, the answer is the same and says no more than which one. */
function refused(which: 'subject_token' | 'actor_token'): Error {
  return new errors.InvalidRequest(`${which} is not accepted`);
}

/** An access token of ours that lives, with everything that it hangs on. */
export async function readOwn(
  hall: ExchangeContext,
  token: string,
  which: 'subject_token' | 'actor_token',
): Promise<Presented> {
  const { ownKeys, clock, config, records } = hall;
  const claims = await verifyOwnToken(token, { ownKeys, issuer: config.issuer, clock });
  const entry = claims && (await findOwnToken(records, claims));
  const { sub, jti, exp } = claims ?? {};
  if (!entry || sub === undefined || jti === undefined || exp === undefined) throw refused(which);
  if (entry.revokedAt || !(await isAlive(hall, entry))) throw refused(which);
  const digest = jtiDigest(jti);
  return {
    sub,
    accountId: entry.accountId,
    entry,
    issuer: undefined,
    identityId: undefined,
    claims,
    exp,
    hangsOn: namesOf(digest, entry, wordsOf(claims['scope'])),
    key: { jti: digest, expiresAt: entry.expiresAt },
  };
}

/** RFC 6749 §3.3. */
export function wordsOf(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
}

/** What ends these ends the token's row as well; but a session and a grant also end by themselves, with time. */
async function isAlive({ clock, records, clients, apis }: HallContext, entry: LedgerEntry): Promise<boolean> {
  const now = clock.now();
  const [client, api, grant, session, account] = await Promise.all([
    clients.find(entry.clientId),
    apis.findById(entry.apiId),
    entry.grantId === null ? undefined : records.findGrant(entry.grantId),
    entry.sessionUid === null ? undefined : records.findSession(entry.sessionUid),
    entry.accountId === null ? undefined : records.findAccount(entry.accountId),
  ]);
  return (
    client?.disabledAt === null &&
    api?.disabledAt === null &&
    (entry.grantId === null || (grant !== undefined && grant.expiresAt > now)) &&
    (entry.sessionUid === null || (session !== undefined && session.expiresAt > now)) &&
    (entry.accountId === null || account?.disabledAt === null)
  );
}

/** A token of a trusted issuer about somebody who has an account here. Throws 503 where the issuer's keys cannot be had. */
export async function readForeign(
  hall: ExchangeContext,
  token: string,
  mayUse: (issuer: TrustedIssuer) => boolean,
): Promise<Presented> {
  const issuer = await findUsableIssuer(hall.db.knex, unverifiedIssuer(token) ?? '');
  // Before anything is fetched: a client that may not use an issuer does not make us ask it.
  if (!issuer || !mayUse(issuer)) throw refused('subject_token');
  const claims = await hall.foreignTokens.verify(issuer, token).catch((cause: unknown) => {
    throw new AppError('unavailable', 'The keys of the trusted issuer cannot be had.', {
      status: 503,
      cause,
    });
  });
  // Who acts for whom elsewhere is said in names that mean nothing here.
  if (!claims || claims['act'] !== undefined) throw refused('subject_token');
  const { providerId, issuer: iss } = issuer;
  const whose = { providerId, issuer: iss, subject: claims.sub };
  const identity = isStorable(claims.sub) ? await findIdentity(hall.db.knex, whose) : undefined;
  const account = identity && (await hall.records.findAccount(identity.accountId));
  if (!account || account.disabledAt) throw refused('subject_token');
  return {
    sub: account.id,
    accountId: account.id,
    entry: undefined,
    issuer,
    identityId: identity.id,
    claims,
    exp: Math.floor(claims.exp),
    hangsOn: foreignNames({ issuerId: issuer.id, providerId, identityId: identity.id }),
    key: null,
  };
}

/** TX-08: a one-time token is spent by the first exchange that is otherwise in order. Of two at once, one gets it. */
export async function spendOnce(hall: HallContext, { issuer, claims, exp }: Presented): Promise<void> {
  if (!issuer?.oneTime) return;
  const digest = sha256(JSON.stringify(['exchange', issuer.id, claims.jti]));
  const isFirst = await hall.records.recordReplay({ digest, expiresAt: new Date((exp + 60) * 1000) });
  if (!isFirst) throw refused('subject_token');
}

function unverifiedIssuer(token: string): string | undefined {
  const [, payload, , ...more] = token.split('.');
  if (payload === undefined || more.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const iss = typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined;
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}
