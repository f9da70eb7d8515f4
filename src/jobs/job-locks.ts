import type { Pool, PoolClient, QueryResult } from 'pg';

export interface JobLocks {
  /** Runs `work` under the lock of that name; false, without running it, when another process holds the lock. */
  holding(name: string, work: () => Promise<void>): Promise<boolean>;
}

/** Locks live in a database session. One for all jobs, kept while any of them runs: the pool is for requests. */
interface Session {
  readonly client: Promise<PoolClient>;
  users: number;
  /** pg wants one query at a time from us. */
  tail: Promise<unknown>;
  broken: Error | undefined;
}

/**
 * Advisory locks of the session, not of a transaction: an open transaction that waits for a job would hold back VACUUM and
 * DETACH PARTITION CONCURRENTLY. They go with a lost connection, so no crash leaves one behind.
 */
export function createJobLocks(pool: Pool): JobLocks {
  let current: Session | undefined;

  function join(): Session {
    current ??= { client: pool.connect(), users: 0, tail: Promise.resolve(), broken: undefined };
    current.users += 1;
    return current;
  }

  function leave(session: Session): void {
    session.users -= 1;
    if (current === session && (session.broken || session.users === 0)) current = undefined;
    if (session.users === 0) session.client.then((client) => client.release(session.broken), ignore);
  }

  return {
    async holding(name, work) {
      const session = join();
      try {
        const locked = await ask(
          session,
          'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS yes',
          name,
        );
        if (!locked) return false;
        try {
          await work();
        } finally {
          // A session that fails here is closed, and its locks with it.
          await ask(session, 'SELECT pg_advisory_unlock(hashtextextended($1, 0)) AS yes', name).catch(ignore);
        }
        return true;
      } finally {
        leave(session);
      }
    },
  };
}

async function ask(session: Session, text: string, name: string): Promise<boolean> {
  const answer = session.tail.then(async (): Promise<QueryResult<{ yes: boolean }>> => {
    const client = await session.client;
    return client.query<{ yes: boolean }>(text, [`guichet job ${name}`]);
  });
  session.tail = answer.catch(ignore);
  try {
    const { rows } = await answer;
    return rows[0]?.yes === true;
  } catch (error) {
    session.broken =
      error instanceof Error ? error : new Error('the session of the job locks failed', { cause: error });
    throw error;
  }
}

function ignore(): void {}
