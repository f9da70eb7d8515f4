import { afterAll, beforeAll, expect, test } from 'vitest';

import { createDice, randomConfiguration } from './random.ts';
import { openScene, type Scene } from './scene.ts';

/** More when somebody looks for trouble: CONFIGURATION_SEEDS=300. */
const PAIRS = Number(process.env['CONFIGURATION_SEEDS'] ?? 2);

const EMPTY = 'version: 1';

let one: Scene;
let other: Scene;
beforeAll(async () => {
  [one, other] = await Promise.all([openScene(), openScene()]);
});
afterAll(async () => {
  await one?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});

/** The second of two files makes the same of a server that had the first as of an empty one, and says it all. */
test(
  'what a file makes does not depend on what was there before it, and is what it exports',
  { timeout: 900_000 },
  async () => {
    for (let seed = 1; seed <= PAIRS; seed += 1) {
      const dice = createDice(seed);
      const [a, b] = [randomConfiguration(dice), randomConfiguration(dice)];
      await one.apply(a);
      await one.apply(b);
      await other.apply(EMPTY);
      expect(await other.export(), `seed ${seed}`).toMatch(/version: 1\n$/);
      await other.apply(b);
      const exported = await one.export();
      expect(await other.export(), `seed ${seed}`).toBe(exported);
      for (const text of [b, exported]) expect((await one.plan(text)).changes, `seed ${seed}`).toEqual([]);
    }
    const exported = await one.export();
    await other.apply(EMPTY);
    await other.apply(exported);
    expect(await other.export()).toBe(exported);
  },
);
