import { createSeal } from '../../src/crypto/seal.ts';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import type { Clock } from '../../src/clock.ts';
import type { Database } from '../../src/db/database.ts';
import type { JobContext } from '../../src/jobs/job.ts';
import { createLogger } from '../../src/log.ts';

/** What a job gets, with a bus that brings nothing. */
export function createJobContext(parts: { db: Database; clock: Clock; signal?: AbortSignal }): JobContext {
  return {
    bus: { subscribe: () => () => undefined },
    seal: createSeal([Buffer.alloc(32, 7)]),
    secrets: deriveSecrets({ secrets: { secret: ['a secret of tests'] } }),
    log: createLogger({ level: 'silent' }),
    config: {
      issuer: 'https://login.example.com',
      keys: { rotationDays: 90, publishSeconds: 900 },
      sessions: { ttlSeconds: 1_209_600, idleSeconds: 259_200 },
      egressAllow: [],
      statusLists: { ttlSeconds: 30 },
    },
    signal: new AbortController().signal,
    ...parts,
  };
}
