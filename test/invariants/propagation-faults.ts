import { setTimeout as sleep } from 'node:timers/promises';

import { TTL_SECONDS, type Scene } from './propagation-scene.ts';

/** Something that breaks between an API and Guichet while tokens are revoked. */
export interface Fault {
  /** Runs until it is told to stop, and has put everything back when it resolves with how often something broke. */
  readonly run: (scene: Scene, over: AbortSignal) => Promise<number>;
  /** From an acknowledged revocation until APIs that follow the stream refuse the token, in milliseconds. */
  readonly streamMs: number;
}

/** A verifier counts a stream as lost after this silence. */
const SILENCE_MS = 3_000;
/** A process says for so long that it misses nothing after it has heard the database for the last time. */
const CONFIRMED_MS = 2_000;
/** For whatever has to be asked and answered. */
const WORK_MS = 1_000;
const LIST_MS = TTL_SECONDS * 1_000 + WORK_MS;

export const FAULTS: Readonly<Record<string, Fault>> = {
  'the stream is cut again and again': {
    streamMs: LIST_MS,
    async run({ balancer }, over) {
      let cuts = 0;
      for (; !over.aborted; await sleep(150)) cuts += balancer.cutStreams();
      return cuts;
    },
  },
  'the stream is frozen': {
    streamMs: SILENCE_MS + WORK_MS,
    async run({ balancer }, over) {
      balancer.freezeStreams();
      await ended(over);
      balancer.thawStreams();
      return 1;
    },
  },
  'the process with the stream is killed': {
    streamMs: LIST_MS,
    async run({ balancer, cluster }, over) {
      let kills = 0;
      while (!over.aborted) {
        const [port] = balancer.streamPorts();
        const index = cluster.nodes.findIndex((node) => node.port === port);
        if (index === -1) {
          await sleep(10);
          continue;
        }
        await cluster.processes[index]?.kill();
        await sleep(500);
        await cluster.revive(index);
        kills += 1;
      }
      return kills;
    },
  },
  'PostgreSQL is stopped and started': {
    streamMs: CONFIRMED_MS + SILENCE_MS + WORK_MS,
    async run({ postgres }, over) {
      let stops = 0;
      while (!over.aborted) {
        await postgres.crash();
        stops += 1;
        await postgres.untilBack();
        // A while in which revocations get through, so that the next stop follows close upon some.
        await sleep(1_500);
      }
      return stops;
    },
  },
};

function ended(over: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (over.aborted) resolve();
  over.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
