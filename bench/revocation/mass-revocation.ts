import { setTimeout as sleep } from 'node:timers/promises';

import { systemClock } from '../../src/clock.ts';
import { revoke, type RevocationContext } from '../../src/revocation/revoke.ts';
import type { RevokeTarget } from '../../src/revocation/token.ts';
import { drive, percentile } from '../load.ts';
import { prepare, SCENARIOS } from '../scenarios.ts';
import type { Ground } from './main.ts';

const CONNECTIONS = 16;
const SECONDS_BEFORE = 3;

/** Revokes a client with very many tokens, and then everything issued before now, while others get theirs. */
export async function measureMassRevocation({ target, db, config, bulkClientId }: Ground): Promise<void> {
  const scenario = SCENARIOS.find(({ name }) => name === 'client-credentials-basic');
  if (!scenario) throw new Error('no such scenario');
  const { steps, close } = await prepare(scenario, target, CONNECTIONS);
  await drive(steps, SECONDS_BEFORE);
  const calm = await drive(steps, SECONDS_BEFORE);
  const ctx = { db, config, clock: systemClock };
  console.log(describe('issuance undisturbed', calm.latenciesMs, calm.rate));
  const targets = {
    'a client': { client: bulkClientId },
    'everything issued before ten minutes ago': { issuedBefore: new Date(Date.now() - 600_000) },
  };
  for (const [name, what] of Object.entries(targets)) {
    const startedAt = performance.now();
    const ended = { yes: false };
    const revoking = revokeLater(ctx, what).finally(() => (ended.yes = true));
    const latenciesMs: number[] = [];
    while (!ended.yes) latenciesMs.push(...(await drive(steps, 0.25)).latenciesMs);
    const { tokens, seconds } = await revoking;
    const rate = latenciesMs.length / ((performance.now() - startedAt) / 1000);
    console.log(`${name}: ${tokens} tokens revoked in ${seconds.toFixed(2)} s`);
    console.log(describe('  issuance meanwhile', latenciesMs, rate));
  }
  close();
}

async function revokeLater(ctx: RevocationContext, what: RevokeTarget) {
  await sleep(500);
  const startedAt = performance.now();
  const { tokens } = await revoke(ctx, what, 'cli');
  return { tokens, seconds: (performance.now() - startedAt) / 1000 };
}

function describe(what: string, latenciesMs: readonly number[], rate: number): string {
  const [p50, p99, max] = [50, 99, 100].map((percent) => percentile(latenciesMs, percent).toFixed(1));
  return `${what}: ${rate.toFixed(0)}/s, ${p50} ms median, ${p99} ms p99, ${max} ms at most`;
}
