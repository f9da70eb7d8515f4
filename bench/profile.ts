import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { drive } from './load.ts';
import { figuresOf } from './process-figures.ts';
import { PROFILE_FILE } from './profile-file.ts';
import { summariseProfile, type CpuProfile } from './profile-summary.ts';
import { prepare, type Scenario } from './scenarios.ts';
import type { Target } from './targets.ts';

export interface ProfileOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly folder: string;
}

const WARM_UP_SECONDS = 3;
/** More than any scenario takes. */
const STEPS_PER_SECOND = 8000;
const WRITE_POLL_MS = 50;
const WRITE_TIMEOUT_MS = 30_000;

/** Where Guichet's time goes in one scenario, in words. Rates are lower than without the profiler. */
export async function profile(
  scenario: Scenario,
  target: Target,
  { seconds, connections, folder }: ProfileOptions,
): Promise<string> {
  const { steps, beforeBurst, close } = await prepare(scenario, target, connections);
  const file = path.join(folder, PROFILE_FILE);
  rmSync(file, { force: true });
  try {
    beforeBurst?.(WARM_UP_SECONDS * STEPS_PER_SECOND);
    await drive(steps, WARM_UP_SECONDS);
    beforeBurst?.(Math.ceil(seconds * STEPS_PER_SECOND));
    target.process.signal('SIGUSR2');
    const before = figuresOf(target.process.pid);
    const burst = await drive(steps, seconds);
    const after = figuresOf(target.process.pid);
    target.process.signal('SIGUSR2');
    await untilWritten(file);

    const kept = path.join(folder, `${scenario.name}-${connections}.cpuprofile`);
    renameSync(file, kept);
    const micros = (part: 'cpuSeconds' | 'mainThreadSeconds') =>
      (((after[part] - before[part]) * 1e6) / burst.steps).toFixed(0);
    return [
      `${scenario.name}, ${connections} connections: ${burst.rate.toFixed(0)} per second while profiled,`,
      `${micros('cpuSeconds')} µs of CPU each, ${micros('mainThreadSeconds')} of them on the main thread; ${kept}`,
      summariseProfile(JSON.parse(readFileSync(kept, 'utf8')) as CpuProfile, burst.steps),
    ].join('\n');
  } finally {
    close();
  }
}

async function untilWritten(file: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < WRITE_TIMEOUT_MS; waitedMs += WRITE_POLL_MS) {
    await sleep(WRITE_POLL_MS);
    if (existsSync(file) && isWhole(file)) return;
  }
  throw new Error('the profiler wrote nothing');
}

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, 'utf8'));
    return true;
  } catch {
    return false;
  }
}
