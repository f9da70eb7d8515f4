import { drive, median, percentile, type Burst } from './load.ts';
import { familySeconds, figuresOf, machineSeconds } from './process-figures.ts';
import { prepare, type Scenario } from './scenarios.ts';
import type { Target, TargetName } from './targets.ts';

export interface Result {
  readonly scenario: string;
  readonly connections: number;
  readonly target: TargetName;
  /** Steps a second, median of the rounds. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMegabytes: number;
  /** CPU time of the server process, all its threads, for one step. */
  readonly cpuMicros: number;
  /** CPU time of PostgreSQL for one step. */
  readonly databaseMicros: number;
  /** How busy its core was: below 1, the server waited for the database, the disk or us. */
  readonly busy: number;
  /** How busy this process was, which shares its core with PostgreSQL. */
  readonly generatorBusy: number;
  /** Cores that processes which are none of ours kept busy: what a burst lacked. */
  readonly coresTaken: number;
  /** Guichet's rate by the rival's, median of the rounds; of nobody else. */
  readonly toBare: number | undefined;
  readonly toPlain: number | undefined;
  readonly toUnrecorded: number | undefined;
}

interface Measured extends Burst {
  readonly rssMegabytes: number;
  readonly cpuMicros: number;
  readonly databaseMicros: number;
  readonly busy: number;
  readonly generatorBusy: number;
  readonly coresTaken: number;
}

/** The first bursts of a fresh process measure the compiler: until everything that runs often is compiled for good. */
const WARM_UP_SECONDS = 3;
/** A guess at what a first burst may take, for scenarios that prepare every step. */
const FIRST_RATE = 1500;

export interface Comparison {
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  /** Of PostgreSQL, whose processes belong to the test although they are not under test. */
  readonly postmaster: number;
}

/** All targets in turn, in every round, so that a machine that changes its speed changes it for all of them. */
export async function compare(
  scenario: Scenario,
  targets: readonly Target[],
  { seconds, rounds, connections, postmaster }: Comparison,
): Promise<Result[]> {
  const runners = await Promise.all(
    targets.map((target) => createRunner(scenario, target, { connections, postmaster })),
  );
  try {
    for (const runner of runners) await runner.run(WARM_UP_SECONDS);
    const measured = new Map<TargetName, Measured[]>(targets.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      // Everybody is first, and last, as often as the others.
      const first = round % runners.length;
      for (const runner of [...runners.slice(first), ...runners.slice(0, first)]) {
        measured.get(runner.name)?.push(await runner.run(seconds));
      }
    }
    return targets.map(({ name }) => summarise(name, measured, { scenario: scenario.name, connections }));
  } finally {
    for (const runner of runners) runner.close();
  }
}

async function createRunner(
  scenario: Scenario,
  target: Target,
  { connections, postmaster }: Pick<Comparison, 'connections' | 'postmaster'>,
) {
  const { steps, beforeBurst, close } = await prepare(scenario, target, connections);
  const { pid } = target.process;
  const read = () => ({
    at: performance.now() / 1000,
    server: figuresOf(pid),
    generator: figuresOf(process.pid).cpuSeconds,
    database: familySeconds(postmaster),
    // The servers are our children.
    ours: familySeconds(process.pid),
    machine: machineSeconds(),
  });
  let rate = FIRST_RATE;
  return {
    name: target.name,
    close,
    async run(seconds: number): Promise<Measured> {
      // A quarter more than last time.
      beforeBurst?.(Math.ceil(rate * seconds * 1.25));
      const before = read();
      const burst = await drive(steps, seconds);
      const after = read();
      rate = burst.rate;
      const elapsed = after.at - before.at;
      const server = after.server.cpuSeconds - before.server.cpuSeconds;
      const database = after.database - before.database;
      const others = after.machine - before.machine - database - (after.ours - before.ours);
      return {
        ...burst,
        rssMegabytes: after.server.rssMegabytes,
        cpuMicros: (server * 1e6) / burst.steps,
        databaseMicros: (database * 1e6) / burst.steps,
        busy: server / elapsed,
        generatorBusy: (after.generator - before.generator) / elapsed,
        coresTaken: Math.max(0, others / elapsed),
      };
    },
  };
}

function summarise(
  target: TargetName,
  measured: ReadonlyMap<TargetName, readonly Measured[]>,
  heading: Pick<Result, 'scenario' | 'connections'>,
): Result {
  const bursts = measured.get(target) ?? [];
  const latencies = bursts.flatMap(({ latenciesMs }) => latenciesMs);
  const ratioTo = (rival: TargetName) => {
    const others = measured.get(rival);
    if (target !== 'guichet' || !others) return undefined;
    return median(bursts.map(({ rate }, round) => rate / (others[round]?.rate ?? Number.NaN)));
  };
  return {
    ...heading,
    target,
    rate: median(bursts.map(({ rate }) => rate)),
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    rssMegabytes: Math.max(...bursts.map(({ rssMegabytes }) => rssMegabytes)),
    cpuMicros: median(bursts.map(({ cpuMicros }) => cpuMicros)),
    databaseMicros: median(bursts.map(({ databaseMicros }) => databaseMicros)),
    busy: median(bursts.map(({ busy }) => busy)),
    generatorBusy: median(bursts.map(({ generatorBusy }) => generatorBusy)),
    coresTaken: median(bursts.map(({ coresTaken }) => coresTaken)),
    toBare: ratioTo('bare'),
    toPlain: ratioTo('plain'),
    toUnrecorded: ratioTo('unrecorded'),
  };
}
