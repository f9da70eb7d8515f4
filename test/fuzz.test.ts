import { afterAll, beforeAll, expect, test } from 'vitest';

import { collectSeeds, type Seed } from './fuzz/corpus.ts';
import { mutate } from './fuzz/mutate.ts';
import { INJECTED, MARKUP } from './fuzz/nasty.ts';
import { createRandom } from './fuzz/random.ts';
import { exchange, isIncomplete, serialize, type WireAnswer } from './fuzz/wire.ts';
import { addClient, introspect, issue, openScene, type Scene } from './standards/scene.ts';

/**
 * Wrong requests in their thousands, at every endpoint: whatever is sent, the server says what is wrong with it, soon, and
 * goes on. A failure names the number of the request; `FUZZ_FIRST=<number> FUZZ_REQUESTS=1` sends that one alone, and
 * another `FUZZ_SEED` sends others.
 */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
const FIRST = Number(process.env['FUZZ_FIRST'] ?? 0);
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 10_500);

const PARALLEL = 8;
/** Requests that hit their mark spend codes and end sessions, so what they are made from is renewed after so many. */
const BATCH = 1500;
const HANG_MS = 2000;
/** They take a quarter of a minute; this is for a machine with other things to do, so that the run has an end. */
const BUDGET_MS = 120_000;

let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ env: { GUICHET_TRUSTED_PROXIES: '127.0.0.1/32', GUICHET_LOG_LEVEL: 'error' } });
});
afterAll(() => scene.stop());

/** What no answer may be or contain, in words; undefined when it is fine. */
function complaint(answer: WireAnswer, incomplete: boolean): string | undefined {
  const { status, head, body, ms } = answer;
  if (ms >= HANG_MS) return `took ${Math.round(ms)} ms`;
  if (status === 0) return incomplete ? undefined : 'no answer';
  if (status >= 500) return `status ${status}`;
  if (new RegExp(`^${INJECTED}:`, 'im').test(head)) return 'a header was injected';
  if (/^content-type: text\/html/im.test(head) && body.includes(MARKUP)) return 'markup was reflected';
  if (/node_modules|at .+\.ts:\d+|postgres|SQLSTATE|select .+ from/i.test(body)) return 'the inside shows';
  const location = /^location: (.*)$/im.exec(head)?.[1];
  const origin = location === undefined ? scene.issuer : URL.parse(location, scene.issuer)?.origin;
  if (origin !== scene.issuer && origin !== 'https://rp.example') return `redirects to ${location}`;
  return undefined;
}

test('V16.5 whatever is sent, the answer is prompt and not a server error', async () => {
  const host = new URL(scene.issuer).host;
  const started = performance.now();
  const complaints: string[] = [];
  const statuses = new Map<number, number>();
  let sent = 0;
  const isInTime = () => performance.now() - started < BUDGET_MS;

  async function send(number: number, seeds: readonly Seed[]): Promise<void> {
    const random = createRandom(Math.imul(SEED, 0x85eb_ca6b) ^ Math.imul(number + 1, 0x9e37_79b1));
    const request = mutate(random, random.pick(seeds), host);
    const bytes = serialize(request);
    const incomplete = isIncomplete(request);
    const answer = await exchange(scene.port, bytes, { patienceMs: HANG_MS * 2, incomplete });
    sent += 1;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const what = complaint(answer, incomplete);
    if (what) complaints.push(`#${number} ${what}\n${bytes.toString('latin1').slice(0, 1500)}`);
  }

  for (let first = FIRST; first < FIRST + REQUESTS && isInTime(); first += BATCH) {
    const seeds = await collectSeeds(scene);
    const end = Math.min(first + BATCH, FIRST + REQUESTS);
    let next = first;
    const work = async () => {
      while (next < end && isInTime()) {
        next += 1;
        await send(next - 1, seeds);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  expect(complaints.slice(0, 5), `${complaints.length} of ${sent}`).toEqual([]);
  expect(sent, 'requests in time').toBe(REQUESTS);
  // That the requests get past the parser: each of these is said by code of ours or the library's.
  for (const status of REQUESTS < 1000 ? [] : [200, 201, 303, 400, 401, 404, 405, 413, 415]) {
    expect([...statuses.keys()], `${status}`).toContain(status);
  }
}, 150_000);

test('V16.5 and the server still works', async () => {
  const client = await addClient(scene, 'web');
  const tokens = await issue(scene, client);
  expect((await introspect(scene, client, tokens.access)).json['active']).toBe(true);
});
