#!/usr/bin/env node
import { CommanderError } from 'commander';

import { EXIT_CODE_USAGE, createProgram } from './commands/program.ts';

/**
 * The command line: `guichet <noun> <verb>`. It works on the same database as the server, whether the server runs or not.
 * Exit codes: 0 done, 1 refused, 2 wrong usage, 3 database not reachable.
 */
try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODE_USAGE;
  if (process.exitCode !== 0 && process.argv.includes('--json')) {
    console.log(JSON.stringify({ error: 'usage', message: error.message }, null, 2));
  }
}
