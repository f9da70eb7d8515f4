import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { VerifierOptions } from '../../src/resource-server/verifier.ts';
import {
  AUDIENCE,
  CREDENTIALS,
  startScriptedIssuer,
  type ScriptedIssuer,
} from '../support/scripted-issuer.ts';

/** Verifies each token that it reads, and says what came of it. `end` closes the verifier, and nothing else. */
const API = `
  import { createInterface } from 'node:readline';
  const { createVerifier } = await import(process.argv[1]);
  const verifier = createVerifier(JSON.parse(process.argv[2]));
  try {
    await verifier.ready(2000);
    console.log('ready');
  } catch (error) {
    console.log(error.message);
    process.exit(0);
  }
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (token) => {
    if (token === 'end') {
      lines.close();
      process.stdin.unref();
      return verifier.close();
    }
    await verifier.verify(token).then(() => console.log('valid'), ({ code, reason }) => console.log(code, reason ?? ''));
  });
`;
const MODULE = pathToFileURL('src/resource-server/index.ts').href;

interface ApiProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly said: () => Promise<string>;
  readonly ask: (token: string) => Promise<string>;
}

let issuer: ScriptedIssuer;
const apis: ApiProcess[] = [];
beforeEach(async () => {
  issuer = await startScriptedIssuer();
});
afterEach(async () => {
  for (const { child } of apis.splice(0)) child.kill('SIGKILL');
  await issuer[Symbol.asyncDispose]();
});

function startApi(options: Partial<VerifierOptions> = {}): ApiProcess {
  const all: VerifierOptions = {
    issuer: issuer.url,
    audience: AUDIENCE,
    credentials: CREDENTIALS,
    ...options,
  };
  const args = ['--input-type=module', '-e', API, MODULE, JSON.stringify(all)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<string> => ((await lines.next()).value ?? 'nothing').trim();
  const api: ApiProcess = {
    child,
    said,
    ask(token) {
      child.stdin.write(`${token}\n`);
      return said();
    },
  };
  apis.push(api);
  return api;
}

function tokenAt(idx: number): string {
  return issuer.token({ status: { status_list: { idx, uri: issuer.listUri('a') } } });
}

test('a process that waits for its issuer is told that it is not there', async () => {
  const { child, said } = startApi({ issuer: 'http://127.0.0.1:9' });
  expect(await said()).toMatch(/^not ready after 2000 ms: the keys of the issuer/);
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('a process that has closed its verifier ends', async () => {
  const { child, said, ask } = startApi();
  expect(await said()).toBe('ready');
  expect(await ask(tokenAt(1))).toBe('valid');
  child.stdin.write('end\n');
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('a process that stood still does not take what piled up meanwhile for news', async () => {
  const list = issuer.lists.get('a');
  if (list) list.ttl = 1;
  const { child, said, ask } = startApi();
  expect(await said()).toBe('ready');
  expect(await ask(tokenAt(7))).toBe('valid');

  child.kill('SIGSTOP');
  // Heartbeats pile up in its socket, and then none come through any more: the network is gone, and no end of it is seen.
  await sleep(1_500);
  issuer.isBeating = false;
  issuer.onStream = () => undefined;
  issuer.setBit('a', 7);
  issuer.position = 2;
  await sleep(2_500);
  // It wakes up to a request and to old heartbeats; which it reads first is chance, so it is asked more than once.
  child.stdin.write(`${tokenAt(7)}\n`);
  child.kill('SIGCONT');
  const answers = new Set([await said()]);
  for (let n = 0; n < 20; n += 1) {
    answers.add(await ask(tokenAt(7)));
    await sleep(20);
  }
  expect(answers).toEqual(new Set(['invalid_token revoked']));
}, 20_000);
