import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { type ClusterFolder, ownFolder } from './cluster.ts';
import type { Owner } from './owner.ts';

/**
 * Parent of the postmaster, two shells of about 1 MB. `$1` and the rest is the postmaster's command line; descriptor 3 is the
 * lease. The second shell answers whoever joins and reads on until the last writer is gone, killed or not: then it asks for a
 * fast shutdown. The first one ends with the postmaster and takes the second along, so that a lease without a reader always
 * means "not running".
 */
const SUPERVISOR = `
"$@" 3<&- </dev/null & postmaster=$!
{ while read -r name; do : > "../$name"; done; kill -INT "$postmaster"; } <&3 3<&- & lease=$!
exec 3<&-
wait "$postmaster"; status=$?
kill -KILL "$lease" 2>/dev/null
exit "$status"
`;

export const PORT = 5432;

const SETTINGS = {
  port: String(PORT),
  max_connections: '100',
  shared_buffers: '64MB',
  // One disk and short statements: workers for reading ahead and for parallel plans would only cost memory.
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  max_wal_senders: '0',
  wal_level: 'minimal',
  max_wal_size: '256MB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  password_encryption: 'scram-sha-256',
} as const;

const DURABILITY = {
  true: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' },
  false: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
} as const;

export interface PostmasterOptions {
  readonly binaries: string;
  readonly owner: Owner | undefined;
  readonly socketFolder: string | undefined;
  readonly durable: boolean;
}

export function spawnSupervisor(
  cluster: ClusterFolder,
  reader: number,
  { binaries, owner, socketFolder, durable }: PostmasterOptions,
): ChildProcess {
  const log = openSync(cluster.log, 'w', 0o600);
  const settings = {
    ...SETTINGS,
    ...DURABILITY[`${durable}`],
    listen_addresses: '',
    unix_socket_directories: socketFolder ?? '.',
    unix_socket_permissions: '0700',
  };
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      SUPERVISOR,
      'guichet-postgres',
      path.join(binaries, 'bin', 'postgres'),
      '-D',
      ownFolder(owner, cluster.data),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // A session of its own: Ctrl-C in the terminal is for us, who then close the database last.
    { cwd: cluster.data, detached: true, stdio: ['ignore', log, log, reader], ...owner },
  );
  closeSync(log);
  closeSync(reader);
  child.unref();
  return child;
}
