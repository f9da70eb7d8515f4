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
  const { openThrowawayDatabase } = await import('./throwaway-database.ts');
  // Standard output belongs to whoever runs the tests.
  const log = createLogger({ level: options.logLevel ?? 'error', destination: process.stderr });
  // The server's modules take as long to load as PostgreSQL takes to start, which is work for other processes.
  const [database, { openTestIssuer }] = await Promise.all([
    openThrowawayDatabase(log),
    import('./open-test-issuer.ts'),
  ]);
  return openTestIssuer({ database, log, options });
}
