/**
 * The way to PostgreSQL. This folder owns connections, the embedded server, migrations, notifications and group commit; it
 * knows no table but `schema_migrations`. Stores take a `Queryable` as their first argument and never care which of the two
 * it is; hot paths (client look-up, single use, token ledger) take `Database.pool` and name their prepared statements.
 */
import knexFactory, { type Knex } from 'knex';
import { type Client, type ClientConfig, Pool } from 'pg';
import { resultTypes } from './result-types.ts';
import { boundSilence } from './silence.ts';

export type Queryable = Knex | Knex.Transaction;

/** A `postgres://` URL, or the settings that `startEmbedded` hands out. */
export type Connection = string | ConnectionSettings;

export interface ConnectionSettings {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Database {
  readonly knex: Knex;
  readonly pool: Pool;
  /** Commits what `work` did, or rolls all of it back when `work` rejects. */
  transaction<T>(work: (tx: Knex.Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type DatabaseOptions = ({ readonly url: string } | { readonly connection: Connection }) & {
  /** Upper bound of this process's connections, both pools together; at least two. */
  readonly poolMax?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
};

/** A statement of ours takes milliseconds; one that takes this long waits for something that will not come. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Longer than the server's own patience, so that this only ends what the server cannot end any more. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 2_000;
/** Rows are locked for the length of one request's transaction, so a longer wait is a queue that only grows. */
const LOCK_TIMEOUT_MS = 5_000;
/** No network, mail or hashing happens inside a transaction: an idle one has lost its process. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** How long a request waits for a connection before it is answered 503: longer than a burst, shorter than people wait. */
const ACQUIRE_TIMEOUT_MS = 3_000;
/** Idle connections are given back, so that many processes share one server's `max_connections`. */
const IDLE_CONNECTION_MS = 60_000;
const POOL_MAX = 10;

/**
 * Opens no connection yet; the first query does. Everyday SQL and hot paths have a pool each: a request that holds a
 * transaction and waits for the group commit of its tokens would otherwise wait for a connection that only such requests hold.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const target = 'url' in options ? options.url : options.connection;
  const settings = {
    ...clientConfig(target),
    application_name: options.applicationName ?? 'guichet',
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
    keepAlive: true,
    types: resultTypes,
  } satisfies ClientConfig;
  const poolMax = Math.max(2, options.poolMax ?? POOL_MAX);
  const pool = openPool(settings, Math.floor(poolMax / 2));
  const knex = openKnex(settings, Math.ceil(poolMax / 2));
  return {
    knex,
    pool,
    transaction: (work) => knex.transaction((tx) => completed(tx, work)),
    async close() {
      await Promise.all([knex.destroy(), pool.end()]);
    },
  };
}

/** Also for clients outside of the pools, as LISTEN needs one. Settings are local, so that PGSSLMODE is not for them. */
export function clientConfig(
  connection: Connection,
): { connectionString: string } | (ConnectionSettings & { ssl: false }) {
  return typeof connection === 'string' ? { connectionString: connection } : { ...connection, ssl: false };
}

/**
 * A statement is planned once a connection, and not for the values of every call. PostgreSQL would choose that by itself only where it
 * expects little of the values, and it expects much of short arrays: what issues tokens was planned anew every time, which cost
 * more than running it. (Measured: DB time of a client's token 410 → 210 µs, of a whole code flow 5.7 → 2.0 ms.) Statements that need
 * another plan for other values go through query-once.ts.
 *
 * Such a plan outlives the size that a table had when it was made, and PostgreSQL would rather read a small table than its index.
 * So indexes are used where there are any: what is looked up here has a key. Where there is none the plan counts as a dear one
 * before PostgreSQL 18, which must not have it compiled.
 */
const ONE_PLAN = 'SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off';

function openPool(settings: ClientConfig, max: number): Pool {
  // A statement is sent without waiting for the answer to the one before it: see revocation/issue.ts.
  const pool = new Pool({ ...settings, pipeline: true, max, idleTimeoutMillis: IDLE_CONNECTION_MS });
  // Without a listener a lost connection ends the process. The pool drops the client by itself, and whoever was using it
  // gets the same error as the rejection of the query; so there is nothing left to do here.
  pool.on('error', ignore);
  pool.on('connect', (client) => {
    client.on('error', ignore);
    boundSilence(client, SILENCE_MS);
    client.query(ONE_PLAN).catch(ignore);
  });
  return pool;
}

function openKnex(settings: Knex.PgConnectionConfig, max: number): Knex {
  return knexFactory({
    client: 'pg',
    connection: settings,
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    pool: {
      min: 0,
      max,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      afterCreate(client: Client, done: (error: null, client: Client) => void) {
        boundSilence(client, SILENCE_MS);
        done(null, client);
      },
    },
    // knex puts the statement into the error's message: keep the values of its parameters out of logs.
    compileSqlOnError: false,
    // It would print to the console what it also throws.
    log: { warn: ignore, error: ignore, debug: ignore, deprecate: ignore },
  });
}

/** PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: a caught error would lose writes silently. */
async function completed<T>(tx: Knex.Transaction, work: (tx: Knex.Transaction) => Promise<T>): Promise<T> {
  const result = await work(tx);
  // PostgreSQL itself is asked: the driver rejects a statement before it has heard what became of the transaction.
  await tx.raw('SELECT').catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === IN_FAILED_TRANSACTION)) throw cause;
    throw new Error(
      'A statement of this transaction failed and its error was swallowed: nothing can be committed',
      { cause },
    );
  });
  return result;
}

const IN_FAILED_TRANSACTION = '25P02';

function ignore(): void {}

export { isUnavailable } from './unavailable.ts';
