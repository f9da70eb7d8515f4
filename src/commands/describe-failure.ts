import { ConfigError } from '../config/load.ts';
import { ConfigurationRefused, type PlacedProblem } from '../configuration/problem.ts';
import { isUnavailable } from '../db/unavailable.ts';
import { AppError } from '../errors.ts';
import { COMMAND } from './command-name.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { UsageError } from './usage-error.ts';

export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  /** One by one, where a file was read. */
  readonly problems?: readonly PlacedProblem[];
}

/** What went wrong, in words for an operator: they may see more than a client, but no secret is in a message of ours. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) {
    return { exitCode: EXIT_CODES.usage, code: 'usage', message: error.message };
  }
  if (error instanceof ConfigError) {
    return { exitCode: EXIT_CODES.refused, code: 'configuration_invalid', message: error.message };
  }
  if (isUnavailable(error)) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The database cannot be reached (${reason}).\nCheck it with: ${COMMAND} doctor`;
    return { exitCode: EXIT_CODES.unreachable, code: 'database_unreachable', message };
  }
  if (error instanceof ConfigurationRefused) {
    const { code, message, problems } = error;
    return { exitCode: EXIT_CODES.refused, code, message, problems };
  }
  if (error instanceof AppError) {
    const exitCode = error.status === 503 ? EXIT_CODES.unreachable : EXIT_CODES.refused;
    return { exitCode, code: error.code, message: error.message };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT_CODES.refused, code: 'internal_error', message };
}
