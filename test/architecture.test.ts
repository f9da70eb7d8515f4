import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

/** What each part of src may import besides itself and the ground. Imports only point down. */
const GROUND = ['clock', 'errors', 'log', 'words', 'config', 'db', 'crypto'];
const ROOMS = [
  'accounts',
  'authenticators',
  'upstream',
  'mail',
  'clients',
  'resources',
  'keys',
  'grants',
  'sessions',
  'roles',
];

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  clock: [],
  errors: [],
  words: [],
  'node-version': [],
  log: ['errors'],
  crypto: ['errors', 'clock'],
  config: ['errors', 'crypto'],
  db: ['log', 'errors', 'clock'],
  audit: GROUND,
  ...Object.fromEntries(ROOMS.map((room) => [room, [...GROUND, 'audit']])),
  // Renders what it sends.
  mail: [...GROUND, 'audit', 'http', 'views'],
  // Calls others over the egress guard; an identity is somebody's account, made for them if need be, and they are told.
  upstream: [...GROUND, 'audit', 'http', 'accounts', 'mail'],
  // An address is what http says it is.
  blocks: [...GROUND, 'audit', 'http'],
  // Hears what everything above it has to say of a request.
  decisions: [...GROUND, 'http'],
  // Passes on what happened.
  webhooks: [...GROUND, 'audit', 'http'],
  revocation: [...GROUND, 'audit', ...ROOMS],
  // What files say, made so by the verbs of the rooms.
  configuration: [...GROUND, 'audit', ...ROOMS, 'revocation', 'documents'],
  // Makes what another server had, by the verbs of the rooms.
  migration: [...GROUND, 'audit', ...ROOMS, 'revocation'],
  // Looks at everything that a token hangs on.
  inspection: [...GROUND, 'audit', ...ROOMS, 'revocation'],
  documents: [
    ...GROUND,
    'audit',
    ...ROOMS,
    'revocation',
    'inspection',
    'blocks',
    'decisions',
    'webhooks',
    'report',
  ],
  http: [...GROUND, 'views'],
  // Knows whose tokens are ours.
  limits: [...GROUND, 'audit', 'grants', 'keys', 'decisions', 'http'],
  oidc: [...GROUND, 'audit', ...ROOMS, 'revocation', 'decisions', 'http', 'limits'],
  interactions: [...GROUND, 'audit', ...ROOMS, 'revocation', 'decisions', 'http', 'oidc', 'views'],
  account: [...GROUND, 'audit', ...ROOMS, 'revocation', 'http', 'oidc', 'interactions', 'views'],
  public: [...GROUND, 'http', 'clients', 'keys', 'mail', 'revocation', 'views'],
  gateway: [...GROUND, 'audit', ...ROOMS, 'revocation', 'decisions', 'http', 'limits', 'resource-server'],
  // Looks at what every room holds.
  report: [...GROUND, 'audit', ...ROOMS, 'revocation'],
  // Answers from the tables of this house, with the published check; its context is a part of the services. Interactions order the
  // mails with which people make themselves an account or choose a password.
  admin: [
    ...GROUND,
    'audit',
    ...ROOMS,
    'revocation',
    'inspection',
    'blocks',
    'decisions',
    'report',
    'webhooks',
    'configuration',
    'documents',
    'http',
    'interactions',
    'gateway',
    'resource-server',
    'services',
  ],
  // Whatever it shows or changes is an operation of the admin API.
  console: [
    ...GROUND,
    'audit',
    ...ROOMS,
    'revocation',
    'blocks',
    'decisions',
    'report',
    'configuration',
    'blocks',
    'decisions',
    'documents',
    'admin',
    'http',
    'oidc',
    'interactions',
    'views',
  ],
  jobs: [...GROUND, 'audit', ...ROOMS, 'revocation', 'decisions'],
  // Published for APIs, so it knows nothing of this house.
  'resource-server': [],
  testing: ['*'],
  // The top: they put the rest together.
  commands: ['*'],
  routes: [],
  services: ['*'],
  app: ['*'],
  server: ['*'],
  main: ['*'],
  serve: ['*'],
  cli: ['*'],
};

/** Libraries that only these may know. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'oidc-provider': ['oidc'],
  argon2: ['crypto'],
  commander: ['commands', 'cli'],
  eta: ['views'],
  bcrypt: ['crypto'],
  nodemailer: ['mail'],
  '@simplewebauthn/server': ['authenticators'],
  'openid-client': ['upstream'],
  '@node-saml/node-saml': ['upstream'],
  ldapts: ['upstream'],
  yaml: ['configuration'],
};

/** A file says one thing. */
const FILE_LINES_MAX = 300;

const files = [...listFiles('src'), ...listFiles('views')];

/** Every violation at once: a list that must be empty. */
function violations(check: (file: string) => string[]): string[] {
  return files.flatMap((file) => check(file).map((what) => `${file}: ${what}`));
}

describe('the house', () => {
  test('imports only point down', () => {
    const found = violations((file) => {
      const part = partOf(file);
      const allowed = part === 'views' ? ['views'] : (MAY_IMPORT[part] ?? []);
      if (allowed.includes('*')) return [];
      const targets = importsOf(file).filter((name) => name.startsWith('.'));
      return targets.filter((target) => {
        const other = partOf(path.join(path.dirname(file), target));
        return other !== part && !allowed.includes(other);
      });
    });
    expect(found).toEqual([]);
  });

  test('a foreign library is known to its owner alone', () => {
    const found = violations((file) =>
      importsOf(file).filter((name) => OWNERS[name] !== undefined && !OWNERS[name].includes(partOf(file))),
    );
    expect(found).toEqual([]);
  });

  test('what it imports comes with its package', () => {
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(read('package.json'));
    const found = violations((file) =>
      importsOf(file)
        // Programs that others paste name what they install themselves.
        .filter(() => !file.startsWith('src/console/snippets/'))
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .filter((name) => !(packageOf(name) in dependencies)),
    );
    expect(found).toEqual([]);
  });

  test('every part of src is in the table', () => {
    expect(
      violations((file) =>
        partOf(file) === 'views' || partOf(file) in MAY_IMPORT ? [] : ['not in the table'],
      ),
    ).toEqual([]);
  });

  test('files stay on few screens', () => {
    expect(violations((file) => (linesOf(file) > FILE_LINES_MAX ? [`${linesOf(file)} lines`] : []))).toEqual(
      [],
    );
  });

  test('only config reads the environment', () => {
    expect(
      violations((file) =>
        partOf(file) !== 'config' && /process\.env\b/.test(read(file)) ? ['process.env'] : [],
      ),
    ).toEqual([]);
  });

  test('nothing draws weak randomness', () => {
    expect(violations((file) => (/Math\.random\(/.test(read(file)) ? ['Math.random'] : []))).toEqual([]);
  });
});

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

function linesOf(file: string): number {
  return read(file).split('\n').length;
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name));
}

function partOf(file: string): string {
  const [top, part = ''] = path.normalize(file).split(path.sep);
  return top === 'views' ? 'views' : part.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  return [
    ...read(file).matchAll(
      /^(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? '');
}
