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
  const { openTestIssuer } = await import('./open-test-issuer.ts');
  return openTestIssuer(options);
}
