import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { describe, expect, test, vi } from 'vitest';

import { startTestIssuer } from '../../src/testing/start-test-issuer.ts';
import { openCheckout } from '../support/open-checkout.ts';

const NOBODY = 65_534;
/** Two first starts are six seconds of work; a busy machine multiplies it. */
const BUSY_MS = 120_000;
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);

/** Says that it is ready, and ends when its standard input does. */
const PROGRAM = `
  const { startTestIssuer } = await import(process.argv[1]);
  const issuer = await startTestIssuer();
  const token = await issuer.mintToken({ audience: 'https://api.example/orders' });
  console.log(token.length > 0 ? issuer.issuer : '');
  process.stdin.on('end', () => issuer.close()).resume();
`;

describe('a test process', { timeout: BUSY_MS }, () => {
  test('that is killed leaves no PostgreSQL running, and its folder to the next one', async () => {
    const { child, exited } = await spawnIssuer();
    const room = roomOf(child.pid);
    const postmaster = Number.parseInt(
      readFileSync(path.join(room, 'postgres/data/postmaster.pid'), 'utf8'),
      10,
    );
    expect(isAlive(postmaster)).toBe(true);
    child.kill('SIGKILL');
    await exited;
    await expect.poll(() => isAlive(postmaster), { timeout: 10_000 }).toBe(false);

    await utimes(room, AN_HOUR_AGO, AN_HOUR_AGO);
    const next = await startTestIssuer();
    expect(existsSync(room)).toBe(false);
    await next.close();
  });

  test('makes the template again when it finds a part of one', async () => {
    const tmp = await mkdtemp(path.join(os.tmpdir(), 'guichet-part-'));
    vi.stubEnv('TMPDIR', tmp);
    try {
      await (await startTestIssuer()).close();
      const workshop = path.join(
        tmp,
        readdirSync(tmp).find((name) => name.startsWith('guichet-testing-')) ?? '',
      );
      const archive = readdirSync(workshop).find((name) => name.endsWith('.tar')) ?? '';
      mkdirSync(path.join(tmp, 'postgres'));
      execFileSync('tar', ['-cf', path.join(workshop, archive), '-C', tmp, 'postgres']);
      const issuer = await startTestIssuer();
      expect(await issuer.mintToken({ audience: 'https://api.example/orders' })).not.toBe('');
      await issuer.close();
    } finally {
      vi.unstubAllEnvs();
      await rm(tmp, { recursive: true, force: true });
    }
  });

  test('that has closed its issuer ends by itself', async () => {
    const { child, exited } = await spawnIssuer();
    const room = roomOf(child.pid);
    child.stdin.end();
    expect(await exited).toBe(0);
    expect(existsSync(room)).toBe(false);
  });

  test('runs as an ordinary user too, and two of them make their first template at once', async () => {
    const uid = process.getuid?.() === 0 ? NOBODY : undefined;
    const tmp = await mkdtemp(path.join(os.tmpdir(), 'guichet-stranger-'));
    if (uid !== undefined) await chown(tmp, uid, uid);
    const both = await Promise.all([spawnIssuer({ uid, tmp }), spawnIssuer({ uid, tmp })]);
    for (const { child, exited } of both) {
      expect(existsSync(roomOf(child.pid, { uid, tmp }))).toBe(true);
      child.stdin.end();
      expect(await exited).toBe(0);
    }
    const [workshop = ''] = readdirSync(tmp);
    expect(readdirSync(path.join(tmp, workshop))).toEqual([
      expect.stringMatching(/^template-[0-9a-f]+\.tar$/),
    ]);
    await rm(tmp, { recursive: true });
  });
});

interface Place {
  readonly uid?: number | undefined;
  readonly tmp?: string;
}

async function spawnIssuer({ uid, tmp = os.tmpdir() }: Place = {}) {
  const checkout = openCheckout();
  const module = pathToFileURL(path.join(checkout.root, 'src/testing/start-test-issuer.ts')).href;
  const child = spawn(checkout.node, ['--input-type=module', '--eval', PROGRAM, module], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmp, TMPDIR: tmp },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const exited = once(child, 'exit').then(([code]) => {
    checkout.remove();
    return code as number | null;
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, 'line'), exited.then(() => undefined)]);
  if (line === undefined) throw new Error(complaint);
  return { child, exited };
}

function roomOf(
  pid: number | undefined,
  { uid = process.getuid?.(), tmp = os.tmpdir() }: Place = {},
): string {
  const workshop = path.join(tmp, `guichet-testing-${uid}`);
  const room = readdirSync(workshop).find((name) => name.startsWith(`issuer-${pid}-`));
  if (room === undefined) throw new Error(`no folder of process ${pid}`);
  return path.join(workshop, room);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
