import { nodeProblem } from '../node-version.ts';
import type { TestIssuer, TestIssuerOptions } from './test-issuer.ts';

export type * from './test-issuer.ts';

/**
 * Starts a server for a test: half a second, and two more for the first time on a machine. Close it, or let `await using` do
 * that. Rejects when this Node is older than 22.
 */
export async function startTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const problem = nodeProblem(process.versions.node);
  if (problem !== undefined) throw new Error(problem);
  const { createLogger } = await import('../log.ts');
  const { unpackThrowawayDatabase } = await import('./throwaway-database.ts');
  // Standard output belongs to whoever runs the tests.
  const log = createLogger({ level: options.logLevel ?? 'error', destination: process.stderr });
  const files = await unpackThrowawayDatabase(log);
  // One after the other: while modules load, nothing else is heard of, so PostgreSQL must be on its way before they do.
  const starting = files.start();
  const [database, { openTestIssuer }] = await Promise.all([starting, import('./open-test-issuer.ts')]);
  return openTestIssuer({ database, log, options });
}
