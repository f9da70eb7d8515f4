import nodeModule from 'node:module';
import path from 'node:path';

import { nodeProblem } from './node-version.ts';

/** `npm start`: what must happen before anything else is loaded; the rest is in serve.ts. */
const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}

// Saves a fifth of a start. Beside the code and not in /tmp, where somebody else could put code for us to run.
nodeModule.enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/guichet'));

await import('./serve.ts');
