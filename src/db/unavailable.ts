/** SQLSTATE classes and codes that say "not now", whatever the statement was. */
const SQLSTATES = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '55P03', // lock_not_available: a queue that was longer than our patience
  '57P05', // idle_session_timeout
  '53300', // too_many_connections
  '25006', // read_only_sql_transaction: still connected to what a failover made the standby
]);

const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What pg, pg-pool and knex throw without a code. knex puts the statement before the message, so these look at its end. */
const MESSAGES = [
  /^database ".*" is not currently accepting connections$/,
  /Connection terminated( unexpectedly| due to connection timeout)?$/,
  /timeout exceeded when trying to connect$/,
  /timeout expired$/,
  /Query read timeout$/,
  /Client has encountered a connection error and is not queryable$/,
  /Client was closed and is not queryable$/,
  /Cannot use a pool after calling end on the pool$/,
  /Unable to acquire a connection$/,
  /Timeout acquiring a connection\. The pool is probably full\./,
];

const CAUSES_MAX = 5;

/** True when the database is away or full, so that the same request may succeed later: 503 with Retry-After. */
export function isUnavailable(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth += 1) {
    if (saysUnavailable(current)) return true;
    current = current.cause;
  }
  return false;
}

function saysUnavailable(error: Error & { code?: unknown; syscall?: unknown }): boolean {
  if (typeof error.code === 'string') {
    if (SYSTEM_CODES.has(error.code) || SQLSTATES.has(error.code) || /^08...$/.test(error.code)) return true;
    // The folder of a unix socket exists only while its server runs.
    if (error.code === 'ENOENT' && error.syscall === 'connect') return true;
  }
  return MESSAGES.some((pattern) => pattern.test(error.message));
}
