#!/usr/bin/env node
import nodeModule from 'node:module';
import path from 'node:path';

import { nodeProblem } from './node-version.ts';

/**
 * The command line: `guichet <noun> <verb>`. It works on the same database as the server, whether the server runs or not.
 * Exit codes: 0 done, 1 refused, 2 wrong usage, 3 database not reachable.
 */

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}

// Saves a third of a command's time. Beside the code and not in /tmp, where somebody else could put code for us to run.
nodeModule.enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/guichet'));

// `guichet clients list | head`: whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const { runProgram } = await import('./commands/program.ts');
await runProgram(process.argv.slice(2));
