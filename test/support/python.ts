import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** Debian's own first: packages like python3-jwt are installed for that one. */
const PLACES = ['/usr/bin/python3', 'python3'];

const python = PLACES.find((place) => spawnSync(place, ['-c', 'import jwt, cryptography']).status === 0);

/** For `test.skipIf(!hasPyJwt)`. */
export const hasPyJwt = python !== undefined;

if (!hasPyJwt)
  process.stderr.write(
    'Tests with PyJWT are skipped: there is no python3 with python3-jwt and python3-cryptography.\n',
  );

/** Runs a script of this folder: one JSON document in, one out. */
export async function runPython(script: string, input: unknown): Promise<unknown> {
  if (python === undefined) throw new Error('there is no Python with PyJWT on this machine');
  const child = spawn(python, [path.join(import.meta.dirname, script)], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(input));
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code !== 0) throw new Error(`${script} ended with ${String(code)}:\n${err}`);
  return JSON.parse(out) as unknown;
}
