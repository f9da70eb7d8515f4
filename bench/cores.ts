import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * The server under test has one core to itself; load generator and PostgreSQL have the others. So a figure is what one core
 * of server does, and none depends on how the kernel happened to place the processes.
 */
export interface Cores {
  /** What stands before the command of a server under test. */
  readonly server: readonly string[];
  /** The same for a server that may use all of them. */
  readonly every: readonly string[];
  readonly description: string;
}

export function divideCores(): Cores {
  const [first, ...rest] = allowedCores();
  if (first === undefined || rest.length === 0 || !pinSelf(rest)) {
    return { server: [], every: [], description: 'nothing is pinned: that takes taskset and two cores' };
  }
  return {
    server: ['taskset', '-c', String(first)],
    every: ['taskset', '-c', [first, ...rest].join(',')],
    description: `server on core ${first}, load generator and PostgreSQL on core ${rest.join(', ')}`,
  };
}

function allowedCores(): number[] {
  try {
    const [, list = ''] =
      /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return list.split(',').flatMap((range) => {
      const [from = Number.NaN, to = from] = range.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
  } catch {
    return [];
  }
}

/** With all threads; child processes inherit it. */
function pinSelf(cores: readonly number[]): boolean {
  try {
    execFileSync('taskset', ['-a', '-c', '-p', cores.join(','), String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
