/**
 * How long an API developer's tests wait for `startTestIssuer()`: the first start on a machine, which makes the template, and
 * later ones in processes of their own. Measured on the build, which is what the package holds.
 *   node bench/test-issuer.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const WARM_STARTS = 7;

const PROGRAM = `
  const begun = performance.now();
  const { startTestIssuer } = await import(process.argv[1]);
  const imported = performance.now();
  const issuer = await startTestIssuer();
  const started = performance.now();
  const cpu = process.cpuUsage();
  await issuer.mintToken({ audience: 'https://api.example/orders', scope: 'orders:read' });
  const minted = performance.now();
  await issuer.close();
  console.log(JSON.stringify([imported - begun, started - imported, minted - started, performance.now() - minted, (cpu.user + cpu.system) / 1000]));
`;

const ROOT = path.join(import.meta.dirname, '..');
execFileSync('npm', ['run', 'build'], { cwd: ROOT });
const module = pathToFileURL(path.join(ROOT, 'dist/src/testing/start-test-issuer.js')).href;
const tmp = mkdtempSync(path.join(os.tmpdir(), 'guichet-bench-'));
try {
  const [first] = [measure()];
  const warm = Array.from({ length: WARM_STARTS }, measure).sort((a, b) => ready(a) - ready(b));
  const median = warm[Math.floor(WARM_STARTS / 2)] ?? first;
  console.log('                                  first    warm (median of %d)', WARM_STARTS);
  for (const [index, name] of ['import the package', 'startTestIssuer()', 'first token', 'close'].entries()) {
    console.log(`${name.padEnd(30)} ${inMs(first[index])} ${inMs(median[index])}`);
  }
  // On a busy machine this says more than the clock.
  console.log(`${'its own work, until ready'.padEnd(30)} ${inMs(first[4])} ${inMs(median[4])}`);
  console.log(`${'ready (import and start)'.padEnd(30)} ${inMs(ready(first))} ${inMs(ready(median))}`);
} finally {
  rmSync(tmp, { recursive: true, force: true });
}

type Laps = readonly [number, number, number, number, number];

function measure(): Laps {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM, module], {
    env: { ...process.env, TMPDIR: tmp },
    encoding: 'utf8',
  });
  return JSON.parse(output) as Laps;
}

function ready([imported, started]: Laps): number {
  return imported + started;
}

function inMs(value: number | undefined): string {
  return `${(value ?? 0).toFixed(0)} ms`.padStart(9);
}
