import type { LookupAddress } from 'node:dns';

import { expect, test } from 'vitest';

import { createNameLookups } from '../../src/http/name-lookups.ts';

const ADDRESS = [{ address: '192.0.2.1', family: 4 }];
const forever = new AbortController().signal;

/** Name servers that answer when they are told to. */
function silentServers() {
  const asked: string[] = [];
  const answers = new Map<string, (addresses: LookupAddress[]) => void>();
  const lookups = createNameLookups((hostname) => {
    asked.push(hostname);
    const { promise, resolve } = Promise.withResolvers<LookupAddress[]>();
    answers.set(hostname, resolve);
    return promise;
  });
  return { asked, lookups, answer: (hostname: string) => answers.get(hostname)?.(ADDRESS) };
}

test('two names at a time are waited for, each once, however many ask', async () => {
  const { asked, lookups, answer } = silentServers();
  const found = ['a', 'b', 'b', 'c', 'd'].map((name) => lookups(name, forever));
  await Promise.resolve();
  expect(asked).toEqual(['a', 'b']);
  answer('b');
  expect(await found[2]).toEqual(ADDRESS);
  await expect.poll(() => asked).toEqual(['a', 'b', 'c']);
  answer('a');
  await expect.poll(() => asked).toEqual(['a', 'b', 'c', 'd']);
  answer('c');
  answer('d');
  expect(await Promise.all(found)).toEqual(found.map(() => ADDRESS));
});

test('who has given up meanwhile takes no place, and a name that was left behind is answered for who asks next', async () => {
  const { asked, lookups, answer } = silentServers();
  const soon = new AbortController();
  const left = ['a', 'b', 'c'].map((name) => lookups(name, soon.signal));
  soon.abort(new Error('too late'));
  const ends = await Promise.allSettled(left);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  const again = lookups('a', forever);
  answer('a');
  expect(await again).toEqual(ADDRESS);
  expect(asked).toEqual(['a', 'b']);
});
