import type { Pool } from 'pg';

import type { Account } from '../accounts/account.ts';
import { findAccounts } from '../accounts/store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { createBatch } from '../db/batch.ts';
import type { Artifact } from '../grants/artifact.ts';
import type { Grant } from '../grants/grant.ts';
import { findArtifacts, type FoundArtifact } from '../grants/presented-store.ts';
import { findGrants, recordReplays, saveArtifacts } from '../grants/store.ts';
import { createIssuer, type Issue, type IssueOutcome } from '../revocation/issue.ts';
import { findTokens } from '../revocation/store.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import { idleSince, type Session, type SessionByCookie } from '../sessions/session.ts';
import { findSessions, findSessionsByCookie } from '../sessions/store.ts';

/**
 * The look-ups and writes of the hot path. Requests that ask in the same instant share one statement: under load a process
 * sends PostgreSQL tens of statements a second instead of thousands, and when it is idle nothing waits for anything.
 */
export interface Records {
  findArtifact(digest: Buffer): Promise<FoundArtifact | undefined>;
  saveArtifact(artifact: Artifact): Promise<void>;
  findGrant(id: string): Promise<Grant | undefined>;
  /** Like the next one: not of a session that is idle. */
  findSession(uid: string): Promise<Session | undefined>;
  findSessionByCookie(digest: Buffer): Promise<SessionByCookie | undefined>;
  findAccount(id: string): Promise<Account | undefined>;
  findToken(key: { jti: string; expiresAt: Date }): Promise<LedgerEntry | undefined>;
  /** True for the first caller only. */
  recordReplay(value: { digest: Buffer; expiresAt: Date }): Promise<boolean>;
  issue(issue: Issue): Promise<IssueOutcome>;
}

/** More in one statement gained nothing when it was measured. */
const ITEMS_MAX = 128;
/** Reads in flight of one kind; the rest of the pool stays free for the others. */
const READS_IN_FLIGHT = 2;

export function createRecords({
  pool,
  clock,
  config,
}: {
  pool: Pool;
  clock: Clock;
  config: Pick<Config, 'sessions'>;
}): Records {
  const usedSince = () => idleSince(clock.now(), config.sessions.idleSeconds);
  const read = <I, O>(run: (items: I[]) => Promise<O[]>): ((item: I) => Promise<O>) =>
    createBatch({ run, maxItems: ITEMS_MAX, maxParallel: READS_IN_FLIGHT });
  return {
    findArtifact: read((digests) => findArtifacts(pool, digests)),
    findGrant: read((ids) => findGrants(pool, ids)),
    findSession: read((uids) => findSessions(pool, uids, usedSince())),
    findSessionByCookie: read((digests) => findSessionsByCookie(pool, digests, usedSince())),
    findAccount: read((ids) => findAccounts(pool, ids)),
    findToken: read((keys) => findTokens(pool, keys)),
    saveArtifact: createBatch<Artifact, void>({
      run: async (artifacts) => {
        await saveArtifacts(pool, artifacts);
        return artifacts.map(() => undefined);
      },
      maxItems: ITEMS_MAX,
      maxParallel: 1,
    }),
    recordReplay: createBatch({
      run: (values) => recordReplays(pool, values, clock.now()),
      maxItems: ITEMS_MAX,
      maxParallel: 1,
    }),
    issue: createIssuer({ pool, clock }),
  };
}
