import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { auditTypes } from '../support/rooms.ts';
import { openScene, secretNumber, type Scene } from './scene.ts';

let scene: Scene;
let example: string;
beforeAll(async () => {
  scene = await openScene();
  example = await readFile('examples/guichet.yaml', 'utf8');
});
afterAll(() => scene?.[Symbol.asyncDispose]());

describe('the example', () => {
  test('is applied once, exported and applied again', async () => {
    scene.secrets.set('CONTOSO_SECRET', 'theirs').set('NIGHTLY_SECRET', secretNumber(1));
    const { plan, secrets } = await scene.apply(example);
    expect(plan.changes.map(({ action }) => action)).toEqual(Array(9).fill('create'));
    expect(secrets.map(({ clientId }) => clientId)).toEqual(['shop']);
    expect((await scene.plan(example)).changes).toEqual([]);
    const before = await auditTypes(scene.rooms.db);
    expect((await scene.apply(example)).plan.changes).toEqual([]);
    expect(await auditTypes(scene.rooms.db)).toEqual(before);
    const exported = await scene.export();
    expect((await scene.plan(exported)).changes).toEqual([]);
    await using other = await openScene();
    other.secrets.set('CONTOSO_SECRET', 'theirs');
    await other.apply(exported);
    expect(await other.export()).toBe(exported);
  });
});
