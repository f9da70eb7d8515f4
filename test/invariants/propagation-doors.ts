import { setTimeout as sleep } from 'node:timers/promises';

import { createSeries, untilRefused, type Series, type Stopwatch } from './propagation-measure.ts';
import { DOOR_NAMES, type DoorName, type Scene, type Token } from './propagation-scene.ts';

/** Between two questions: the one answers within milliseconds, the other after a second or two. */
const POLL_MS = { stream: 5, list: 100 } as const;
/** They ask Guichet about each request. */
const ASKING = ['gateway', 'verify', 'introspection'] as const;

export type Measured = Readonly<Record<DoorName, Series>>;

export function createMeasured(): Measured {
  const entries = DOOR_NAMES.map((door) => [door, createSeries(door)] as const);
  return Object.fromEntries(entries) as Record<DoorName, Series>;
}

/**
 * Watches tokens being refused whose revocation was just acknowledged. Resolves when all but those who read lists have refused;
 * `behind` are the others.
 */
export async function watchRefusals(
  { doors }: Scene,
  { what, tokens, measured, stopwatch }: Watched,
): Promise<{ behind: Promise<void> }> {
  const acknowledged = performance.now();
  const time = async (door: 'stream' | 'list', token: Token) => {
    const refused = await untilRefused(() => doors[door](token), POLL_MS[door]);
    measured[door].add(what, refused && stopwatch.between(acknowledged, refused.at));
  };
  const next = async (door: (typeof ASKING)[number], token: Token) => {
    const { status } = await doors[door](token);
    measured[door].add(what, status === 200 ? undefined : stopwatch.between(acknowledged, performance.now()));
  };
  const behind = Promise.all(tokens.map((token) => time('list', token))).then(() => undefined);
  await Promise.all(
    tokens.flatMap((token) => [time('stream', token), ...ASKING.map((door) => next(door, token))]),
  );
  return { behind };
}

export interface Watched {
  readonly what: string;
  readonly tokens: readonly Token[];
  readonly measured: Measured;
  readonly stopwatch: Stopwatch;
}

/** Whoever does not accept one of the tokens, and why: a list that must be empty. */
export async function refusalsOf({ doors }: Scene, tokens: readonly Token[]): Promise<string[]> {
  const all = await Promise.all(
    DOOR_NAMES.flatMap((door) =>
      tokens.map(async (token) => {
        const { status, reason } = await doors[door](token);
        return status === 200 ? [] : [`${door}: ${status} ${reason}`];
      }),
    ),
  );
  return all.flat();
}

/** After a fault the APIs have this long to be as they were. Attempts of a verifier are at most 5 s apart, and a listen is longer. */
const RECOVERY_MS = 15_000;

/** The end of all: every dead token is refused as such, and every other one accepted, by everybody. */
export async function untilAllIsWell(
  scene: Scene,
  dead: readonly Token[],
  alive: readonly Token[],
): Promise<string[]> {
  let wrong: string[] = [];
  for (const end = performance.now() + RECOVERY_MS; performance.now() < end; await sleep(50)) {
    wrong = [...(await refusalsOf(scene, alive)), ...(await acceptancesOf(scene, dead))];
    if (wrong.length === 0) break;
  }
  return wrong;
}

async function acceptancesOf({ doors }: Scene, tokens: readonly Token[]): Promise<string[]> {
  const all = await Promise.all(
    DOOR_NAMES.flatMap((door) =>
      tokens.map(async (token) => {
        const { status, reason } = await doors[door](token);
        return status === 401 ? [] : [`${door} did not refuse: ${status} ${reason}`];
      }),
    ),
  );
  return all.flat();
}

/** The measurements, one line each, and that nothing was missed. */
export function report(title: string, measured: Measured, stopwatch: Stopwatch): void {
  const lines = DOOR_NAMES.map((door) => `  ${measured[door].describe()}`);
  const still = `  this process stood still for ${stopwatch.stoodStillMs().toFixed(0)} ms`;
  process.stderr.write(`${[title, ...lines, still].join('\n')}\n`);
}

export function missedOf(measured: Measured): string[] {
  return DOOR_NAMES.flatMap((door) => measured[door].missed.map((what) => `${door} missed: ${what}`));
}
