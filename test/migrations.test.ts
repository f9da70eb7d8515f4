import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../src/db/database.ts';
import { migrate, pendingMigrations, unknownMigrations } from '../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

const FOLDER = path.join(import.meta.dirname, '../migrations');

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-migrations-'));
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function write(name: string, statements: string): Promise<void> {
  await writeFile(
    path.join(folder, `${name}.ts`),
    `export const up = (knex: any) => knex.raw(${JSON.stringify(statements)});`,
  );
}

async function tables(): Promise<string[]> {
  const { rows } = await database.db.pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

describe('our migrations', () => {
  test('are numbered one by one, so that there is one order', async () => {
    const files = (await readdir(FOLDER)).sort();
    expect(files.length).toBeGreaterThan(0);
    files.forEach((file, index) => {
      expect(file).toMatch(/^\d{4}-[a-z0-9-]+\.ts$/);
      expect(Number(file.slice(0, 4))).toBe(index + 1);
    });
  });

  test('say of every index which query it serves', async () => {
    for (const file of await readdir(FOLDER)) {
      const lines = (await readFile(path.join(FOLDER, file), 'utf8')).split('\n').map((line) => line.trim());
      lines.forEach((line, index) => {
        if (!/^CREATE (UNIQUE )?INDEX/.test(line)) return;
        const above = lines.slice(0, index).findLast((other) => !/^CREATE (UNIQUE )?INDEX/.test(other));
        expect(above, `${file}: ${line}`).toMatch(/^--/);
      });
    }
  });

  test('bring an empty database up to date, once', async () => {
    const { db } = database;
    const all = (await readdir(FOLDER)).sort().map((file) => path.basename(file, '.ts'));
    expect(await pendingMigrations(db)).toEqual(all);
    expect(await migrate(db)).toEqual(all);
    expect(await pendingMigrations(db)).toEqual([]);
    expect(await unknownMigrations(db)).toEqual([]);
    expect(await migrate(db)).toEqual([]);
  });

  test('run once when several processes start at the same moment', async () => {
    const others = [1, 2, 3].map(() => openDatabase({ connection: database.connection, poolMax: 2 }));
    const done = await Promise.all([database.db, ...others].map((db) => migrate(db)));
    expect(done.flat().sort()).toEqual(
      (await readdir(FOLDER)).map((file) => path.basename(file, '.ts')).sort(),
    );
    await Promise.all(others.map((db) => db.close()));
  });
});

describe('a migration', () => {
  test('that fails leaves nothing of itself, and what came before it stays', async () => {
    const { db } = database;
    await write('0001-first', 'CREATE TABLE first ()');
    await write('0002-second', 'CREATE TABLE second (); SELECT nothing');
    await write('0003-third', 'CREATE TABLE third ()');
    await expect(migrate(db, folder)).rejects.toThrow('"nothing" does not exist');
    expect(await tables()).toEqual(['first', 'schema_migrations']);
    expect(await pendingMigrations(db, folder)).toEqual(['0002-second', '0003-third']);

    await write('0004-mended', 'CREATE TABLE fourth ()');
    await rm(path.join(folder, '0002-second.ts'));
    expect(await migrate(db, folder)).toEqual(['0003-third', '0004-mended']);
  });

  test('may take longer than any statement of a request, and others wait for it', async () => {
    const { db } = database;
    await write('0001-slow', `SELECT pg_sleep(6); CREATE TABLE slow ()`);
    const other = openDatabase({ connection: database.connection, poolMax: 2 });
    const done = await Promise.all([migrate(db, folder), migrate(other, folder)]);
    expect(done.flat()).toEqual(['0001-slow']);
    await other.close();
  }, 20_000);

  test('of a newer release is no business of older code, which can tell', async () => {
    const { db } = database;
    await write('0001-first', 'CREATE TABLE first ()');
    await write('0002-newer', 'CREATE TABLE newer ()');
    await migrate(db, folder);
    await rm(path.join(folder, '0002-newer.ts'));
    expect(await unknownMigrations(db, folder)).toEqual(['0002-newer']);
    expect(await pendingMigrations(db, folder)).toEqual([]);
    expect(await migrate(db, folder)).toEqual([]);
  });
});
