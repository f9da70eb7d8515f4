import { setTimeout as sleep } from 'node:timers/promises';

import type { Cleanup } from './cleanup.ts';
import { median } from './load.ts';
import { figuresOf } from './process-figures.ts';
import { startGuichet, type GuichetStart } from './targets.ts';

export interface ColdStart {
  /** From the start of the process, which starts PostgreSQL, until /readyz says 200. */
  readonly readyMs: number;
  /** Resident memory of the server process, PostgreSQL not included, when it has had nothing to do for a while. */
  readonly idleMegabytes: number;
}

const STARTS = 3;
const IDLE_MS = 2000;

/** The embedded PostgreSQL must not be running: it is part of what is measured. */
export async function measureColdStart(start: GuichetStart, cleanup: Cleanup): Promise<ColdStart> {
  const readyMs: number[] = [];
  const idleMegabytes: number[] = [];
  for (let count = 1; count <= STARTS; count += 1) {
    const { process: server } = await cleanup.start(
      () => startGuichet(start),
      (running) => running.process.stop(),
    );
    readyMs.push(server.readyAfterMs);
    if (count === STARTS) await sleep(IDLE_MS);
    idleMegabytes.push(figuresOf(server.pid).rssMegabytes);
    await server.stop();
  }
  return { readyMs: median(readyMs), idleMegabytes: idleMegabytes.at(-1) ?? Number.NaN };
}
