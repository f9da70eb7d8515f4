#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import path from 'node:path';

/**
 * The command line: `guichet <noun> <verb>`. It works on the same database as the server, whether the server runs or not.
 * Exit codes: 0 done, 1 refused, 2 wrong usage, 3 database not reachable.
 */

// Saves a third of a command's time. Beside the code and not in /tmp, where somebody else could put code for us to run.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/guichet'));

// `guichet clients list | head`: whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const { runProgram } = await import('./commands/program.ts');
await runProgram(process.argv.slice(2));
