import type { ColdStart } from './cold-start.ts';
import type { Result } from './compare.ts';
import type { MachineFacts } from './machine.ts';
import type { TargetName } from './targets.ts';

export interface Report {
  readonly machine: MachineFacts;
  readonly coldStart: ColdStart;
  readonly results: readonly Result[];
  /** Scenarios that did not get through, and why. */
  readonly failures: readonly { readonly scenario: string; readonly message: string }[];
}

const LABELS: Readonly<Record<TargetName, string>> = {
  guichet: 'guichet',
  bare: 'oidc-provider in memory',
  plain: 'oidc-provider on PostgreSQL',
  unrecorded: 'guichet without ledger',
};

const HEADINGS = [
  '',
  'per second',
  'p50 ms',
  'p99 ms',
  'RSS MB',
  'CPU µs',
  'DB µs',
  'core',
  '× memory',
  '× plain PG',
  '× no ledger',
];

export function machineLines(machine: MachineFacts): string {
  return Object.entries(machine)
    .map(([name, value]) => `${name.padEnd(16)} ${value}`)
    .join('\n');
}

export function coldStartLine({ readyMs, idleMegabytes }: ColdStart): string {
  return `cold start to /readyz on an existing database: ${readyMs.toFixed(0)} ms (median); idle: ${idleMegabytes.toFixed(0)} MB`;
}

export function headingLine(): string {
  return `${EXPLANATION}\n\n${columns(HEADINGS)}`;
}

const EXPLANATION = `CPU and DB: CPU time of the server process and of PostgreSQL for one step. core: how busy the server's core was.
× memory, × plain PG, × no ledger: Guichet's rate by that of oidc-provider in memory, of the same on the plain PostgreSQL adapter,
and of Guichet when it writes no ledger and no status; medians of the rounds.`;

/** One scenario at one number of connections. */
export function resultLines(results: readonly Result[]): string {
  const [first] = results;
  if (!first) return '';
  const rows = results.map((result) =>
    columns([
      `  ${LABELS[result.target]}`,
      decimals(result.rate, result.rate < 100 ? 1 : 0),
      decimals(result.p50Ms, 2),
      decimals(result.p99Ms, 2),
      decimals(result.rssMegabytes, 0),
      decimals(result.cpuMicros, 0),
      decimals(result.databaseMicros, 0),
      `${decimals(result.busy * 100, 0)} %`,
      decimals(result.toBare, 2),
      decimals(result.toPlain, 2),
      decimals(result.toUnrecorded, 2),
    ]),
  );
  return [`${first.scenario}, ${first.connections} connections`, ...rows, ...warning(results)].join('\n');
}

/** Less than that is the kernel's own work for our disk and sockets. */
const CORES_TAKEN_MAX = 0.15;

function warning(results: readonly Result[]): string[] {
  const taken = Math.max(...results.map(({ coresTaken }) => coresTaken));
  if (!(taken > CORES_TAKEN_MAX)) return [];
  return [
    `  Other processes kept ${taken.toFixed(1)} cores busy: whoever waits for the database is slowed down most.`,
  ];
}

function columns([name = '', ...rest]: readonly string[]): string {
  return name.padEnd(30) + rest.map((text) => text.padStart(12)).join('');
}

function decimals(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
}
