import { spawn } from 'node:child_process';
import { closeSync, fchownSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Cluster, type ClusterOptions, dataFolderName, ENVIRONMENT, signature } from './cluster.ts';
import type { Owner } from './owner.ts';
import { PORT } from './socket.ts';

/**
 * Parent of the postmaster: two shells of about 1 MB. The arguments are the postmaster's command line, descriptor 3 is the
 * lease's reading end. The second shell answers whoever joins and reads on until the last writer is gone, killed or not: then it
 * asks for a fast shutdown. The first one ends with the postmaster and takes the second along, so that a lease without a reader
 * always means "not running". Both outlive a signal to the whole service, as the postmaster is needed until we are done.
 */
const SUPERVISOR = `
trap '' INT TERM HUP
"$@" 3<&- </dev/null & postmaster=$!
{ while read -r name; do : > "../$name"; done; kill -INT "$postmaster"; } <&3 3<&- & reader=$!
exec 3<&-
wait "$postmaster"; status=$?
kill -KILL "$reader" 2>/dev/null
exit "$status"
`;

const SETTINGS = {
  port: String(PORT),
  max_connections: '100',
  shared_buffers: '128MB',
  // One disk and short statements: processes that read ahead, replicate or share a query would only cost memory.
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  max_wal_senders: '0',
  wal_level: 'minimal',
  max_wal_size: '512MB',
  // Compiling a query takes longer than any of ours.
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  password_encryption: 'scram-sha-256',
};

const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
const FORGETFUL = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

const LOG_BYTES_MAX = 1_048_576;

export interface Supervisor {
  /** Why there is no postmaster; undefined while it runs or may still start. */
  failure(): string | undefined;
}

export function postgresSettings(durable: boolean): string[] {
  return Object.entries({ ...SETTINGS, ...(durable ? DURABLE : FORGETFUL) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
}

export function spawnSupervisor(
  cluster: Cluster,
  reader: number,
  { binaries, owner, durable, sockets }: ClusterOptions & { sockets: string },
): Supervisor {
  const log = openLog(cluster, owner);
  const logStart = statSync(cluster.log).size;
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      SUPERVISOR,
      'guichet-postgres',
      path.join(binaries, 'bin', 'postgres'),
      '-D',
      dataFolderName(cluster, owner),
      ...postgresSettings(durable),
      '-c',
      'listen_addresses=',
      '-c',
      `unix_socket_directories=${sockets === cluster.data ? '.' : sockets}`,
      '-c',
      'unix_socket_permissions=0700',
      '-c',
      signature(cluster),
    ],
    // A session of its own: Ctrl-C in the terminal is for us, who close the database last.
    { cwd: cluster.data, detached: true, stdio: ['ignore', log, log, reader], env: ENVIRONMENT, ...owner },
  );
  closeSync(log);
  closeSync(reader);
  child.unref();
  let spawnError: Error | undefined;
  child.once('error', (error) => (spawnError = error));
  return {
    failure() {
      if (spawnError) return spawnError.message;
      return child.exitCode === null && child.signalCode === null ? undefined : complaints(cluster, logStart);
    },
  };
}

function openLog({ log }: Cluster, owner: Owner | undefined): number {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(log, `${log}.old`);
  const fd = openSync(log, 'a', 0o600);
  if (owner) fchownSync(fd, owner.uid, owner.gid);
  return fd;
}

/** The end of what the log says since a start, without what every start says. */
function complaints({ log }: Cluster, start: number): string {
  const lines = readFileSync(log).subarray(start).toString('utf8').trim().split('\n');
  const spoken = lines.filter((line) => !EVERY_START.test(line)).map((line) => line.replace(LINE_PREFIX, ''));
  return spoken.slice(-COMPLAINTS_MAX).join(' ');
}

const EVERY_START =
  /the database system is|database system (is|was) shut down|starting PostgreSQL|listening on/;
/** `2026-11-23 20:46:43.254 UTC [15682] ` */
const LINE_PREFIX = /^[\d-]+ [\d:.]+ \w+ \[\d+\] /;
const COMPLAINTS_MAX = 4;
