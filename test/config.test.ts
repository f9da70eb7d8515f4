import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../src/config/load.ts';
import { configurationTable, environmentExample } from '../src/config/reference.ts';

const SECRET = 'vN3f0tXkqTz1bR8mWc5LhYp2UeJ7dGsA';
const OLDER_SECRET = 'Qm4xZr9TbK1wVe6HyUc8NpLs3JgDf7Ao';
const KEY = 'q83vEjRWeJq83vEjRWeJq8fN1pT0sLZ2kXo5wYh7bUc=';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'guichet-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A complete production environment, to be broken one variable at a time. */
function production(changes: Record<string, string | undefined> = {}) {
  return {
    GUICHET_MODE: 'production',
    GUICHET_ISSUER: 'https://login.example.com',
    GUICHET_SECRET: SECRET,
    GUICHET_ENCRYPTION_KEY: KEY,
    ...changes,
  };
}

function development(changes: Record<string, string | undefined> = {}) {
  return { GUICHET_DATA_DIR: directory, ...changes };
}

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('defaults', () => {
  test('development needs nothing and listens on this machine only', () => {
    const config = loadConfig(development());
    expect(config).toMatchObject({
      mode: 'development',
      issuer: 'http://localhost:3000',
      listen: { host: '127.0.0.1', port: 3000 },
      metrics: { host: '127.0.0.1', port: undefined },
      dataDir: directory,
      database: { url: undefined, poolMax: 10 },
      trustedProxies: [],
      logLevel: 'info',
    });
  });

  test('production listens on every address', () => {
    expect(loadConfig(production()).listen).toEqual({ host: '::', port: 3000 });
  });

  test('the default issuer follows the port', () => {
    expect(loadConfig(development({ GUICHET_PORT: '8080' })).issuer).toBe('http://localhost:8080');
  });

  test('an empty variable is unset', () => {
    expect(loadConfig(development({ GUICHET_PORT: '', GUICHET_METRICS_PORT: '' })).listen.port).toBe(3000);
  });

  test('variables of other programs are ignored', () => {
    expect(loadConfig(production({ PATH: '/bin', NODE_ENV: 'test' })).mode).toBe('production');
  });
});

describe('problems', () => {
  test('all of them are reported at once', () => {
    const env = {
      GUICHET_MODE: 'production',
      GUICHET_PORT: '70000',
      GUICHET_LOG_LEVEL: 'loud',
      GUICHET_HOTS: 'x',
    };
    expect(problemsOf(env)).toEqual([
      'GUICHET_HOTS is unknown: did you mean GUICHET_HOST?',
      'GUICHET_PORT must be a whole number from 1 to 65535',
      'GUICHET_LOG_LEVEL must be one of: fatal, error, warn, info, debug, trace, silent',
      'GUICHET_ISSUER is required in production',
      'GUICHET_SECRET is required in production; make one with: openssl rand -base64 48',
      'GUICHET_ENCRYPTION_KEY is required in production; make one with: openssl rand -base64 32',
    ]);
  });

  test.for<[string, string]>([
    ['GUICHET_SERCET', 'is unknown: did you mean GUICHET_SECRET?'],
    ['GUICHET_SECRET_FLE', 'is unknown: did you mean GUICHET_SECRET_FILE?'],
    ['GUICHET_ACCESS_TOKEN_TTL', 'is unknown: did you mean GUICHET_ACCESS_TOKEN_TTL_SECONDS?'],
    ['GUICHET_PORT_FILE', 'is unknown: did you mean GUICHET_PORT?'],
    ['GUICHET_COFFEE_TEMPERATURE', 'is not a variable of this server'],
  ])('%s %s', ([name, problem]) => {
    expect(problemsOf(production({ [name]: 'x' }))).toEqual([`${name} ${problem}`]);
  });

  test.for(['1e3', ' 80', '-1', '0', '65536', '80.5', '0x50', 'eighty', '9'.repeat(30)])(
    'port "%s" is refused',
    (port) => {
      expect(problemsOf(production({ GUICHET_PORT: port }))).toEqual([
        'GUICHET_PORT must be a whole number from 1 to 65535',
      ]);
    },
  );

  test('no message shows a secret', () => {
    const env = production({
      GUICHET_SECRET: 'hunter2',
      GUICHET_ENCRYPTION_KEY: 'hunter3',
      GUICHET_DATABASE_URL: 'mysql://root:hunter4@db/x',
    });
    expect(problemsOf(env)).toHaveLength(3);
    expect(problemsOf(env).join()).not.toContain('hunter');
  });

  test('what Kubernetes sets beside a service called guichet is neither taken nor refused', () => {
    const config = loadConfig(
      production({
        GUICHET_PORT: 'tcp://10.0.0.1:3000',
        GUICHET_SERVICE_HOST: '10.0.0.1',
        GUICHET_SERVICE_PORT: '3000',
        GUICHET_SERVICE_PORT_HTTP: '3000',
        GUICHET_PORT_3000_TCP: 'tcp://10.0.0.1:3000',
        GUICHET_PORT_3000_TCP_ADDR: '10.0.0.1',
        GUICHET_POSTGRES_PORT: 'tcp://10.0.0.2:5432',
      }),
    );
    expect(config.listen.port).toBe(3000);
  });
});

describe('issuer', () => {
  test.for([
    ['https://login.example.com', 'https://login.example.com'],
    ['https://login.example.com/', 'https://login.example.com'],
    ['HTTPS://Login.Example.COM:443', 'https://login.example.com'],
    ['https://login.example.com:8443/', 'https://login.example.com:8443'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]'],
  ])('%s is %s', ([given, issuer]) => {
    expect(loadConfig(production({ GUICHET_ISSUER: given })).issuer).toBe(issuer);
  });

  test.for([
    ['https://example.com/login', 'must not have a path (found /login): use an origin of its own'],
    ['https://example.com//', 'must not have a path (found //): use an origin of its own'],
    ['https://example.com?x=1', 'must not contain a query or fragment'],
    ['https://example.com/?', 'must not contain a query or fragment'],
    ['https://example.com/#', 'must not contain a query or fragment'],
    ['https://user@example.com', 'must not contain a user name or password'],
    ['login.example.com', 'must be an absolute URL such as https://login.example.com'],
    ['ftp://example.com', 'must start with https:// or http://'],
    ['http://example.com', 'must start with https:// in production'],
  ])('%s %s', ([given, problem]) => {
    expect(problemsOf(production({ GUICHET_ISSUER: given }))).toEqual([`GUICHET_ISSUER ${problem}`]);
  });

  test('development takes http', () => {
    expect(loadConfig(development({ GUICHET_ISSUER: 'http://127.0.0.1:3001/' })).issuer).toBe(
      'http://127.0.0.1:3001',
    );
  });
});

describe('lists', () => {
  test('a single proxy address becomes a block of one', () => {
    const { trustedProxies } = loadConfig(
      production({ GUICHET_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::1' }),
    );
    expect(trustedProxies).toEqual(['10.0.0.0/8', '192.0.2.1/32', '2001:db8::1/128']);
  });

  test.for([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0/8',
    'proxy.local',
    '10.0.0.0/8,',
    'fe80::1%eth0',
    '1.2.3.4/8/8',
  ])('proxies "%s" are refused', (given) => {
    expect(problemsOf(production({ GUICHET_TRUSTED_PROXIES: given }))).toHaveLength(1);
  });

  test('the header of client certificates is a name that nothing else uses, and needs a proxy to send it', () => {
    const given = (name: string) => ({ GUICHET_CLIENT_CERTIFICATE_HEADER: name });
    const proxied = (name: string) => production({ ...given(name), GUICHET_TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(loadConfig(proxied('Client-Cert')).clientCertificateHeader).toBe('client-cert');
    for (const name of ['Client_Cert', 'a b', 'Authorization', 'X-Forwarded-For', 'x'.repeat(65), 'a:']) {
      expect(problemsOf(proxied(name)), name).toHaveLength(1);
    }
    expect(problemsOf(production(given('Client-Cert')))).toEqual([
      'GUICHET_CLIENT_CERTIFICATE_HEADER needs GUICHET_TRUSTED_PROXIES: only they may send it',
    ]);
  });

  test('outgoing calls may be allowed to names and blocks', () => {
    const { egressAllow } = loadConfig(
      production({ GUICHET_EGRESS_ALLOW: 'Hooks.internal,10.1.0.0/16,::1' }),
    );
    expect(egressAllow).toEqual(['hooks.internal', '10.1.0.0/16', '::1/128']);
  });

  test.for(['https://hooks.internal', '10.0.0.300', 'a..b', '*'])(
    'outgoing target "%s" is refused',
    (given) => {
      expect(problemsOf(production({ GUICHET_EGRESS_ALLOW: given }))).toHaveLength(1);
    },
  );
});

describe('secrets', () => {
  test('a list keeps its order: the first signs', () => {
    const { secrets } = loadConfig(production({ GUICHET_SECRET: `${SECRET}, ${OLDER_SECRET}` }));
    expect(secrets.secret).toEqual([SECRET, OLDER_SECRET]);
  });

  test('an encryption key is read from base64, base64url and hex alike', () => {
    const key = Buffer.from(KEY, 'base64');
    const given = [KEY, key.toString('base64url'), key.toString('hex')].join(',');
    const { secrets } = loadConfig(production({ GUICHET_ENCRYPTION_KEY: given }));
    expect(secrets.encryptionKeys).toEqual([key, key, key]);
  });

  test.for([
    ['short', 'is shorter than 32 characters'],
    ['a'.repeat(64), 'is predictable'],
    ['abcdefghijklmnopqrstuvwxyz0123456789', 'is predictable'],
    ['k4Jq9wZ2'.repeat(6), 'is predictable'],
    ['change-me-vN3f0tXkqTz1bR8mWc5LhYp2Ue', 'looks like an example value'],
    ['your-secret-vN3f0tXkqTz1bR8mWc5LhYp2', 'looks like an example value'],
    [`${SECRET},short`, 'is shorter than 32 characters'],
  ])('production refuses GUICHET_SECRET=%s: it %s', ([given, problem]) => {
    expect(problemsOf(production({ GUICHET_SECRET: given }))).toEqual([`GUICHET_SECRET ${problem}`]);
  });

  test.for([
    ['too-short', 'must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32'],
    [
      Buffer.alloc(33, KEY).toString('base64'),
      'must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32',
    ],
    [Buffer.alloc(32).toString('base64'), 'is predictable'],
    [Buffer.from('deadbeef'.repeat(8), 'hex').toString('hex'), 'is predictable'],
    [
      Buffer.from('Our own key, thirty-two bytes!!!').toString('base64'),
      'is readable text and not random bytes',
    ],
  ])('production refuses GUICHET_ENCRYPTION_KEY=%s: it %s', ([given, problem]) => {
    expect(problemsOf(production({ GUICHET_ENCRYPTION_KEY: given }))).toEqual([
      `GUICHET_ENCRYPTION_KEY ${problem}`,
    ]);
  });

  test('development takes a weak secret and says so', () => {
    const config = loadConfig(development({ GUICHET_SECRET: 'dev' }));
    expect(config.secrets.secret).toEqual(['dev']);
    expect(config.notices).toContain(
      'GUICHET_SECRET is shorter than 32 characters: production would refuse it.',
    );
  });

  test('random secrets are never mistaken for weak ones', () => {
    for (let round = 0; round < 500; round += 1) {
      const bytes = crypto.getRandomValues(Buffer.alloc(48));
      const secrets = [
        bytes.toString('base64'),
        bytes.toString('hex'),
        bytes.subarray(0, 16).toString('hex'),
      ];
      const key = bytes.subarray(0, 32).toString('base64');
      expect(
        problemsOf(production({ GUICHET_SECRET: secrets.join(','), GUICHET_ENCRYPTION_KEY: key })),
      ).toEqual([]);
    }
  });

  test('a secret can come from a file', () => {
    const path = join(directory, 'secret');
    writeFileSync(path, `${SECRET}\n`);
    const config = loadConfig(production({ GUICHET_SECRET: undefined, GUICHET_SECRET_FILE: path }));
    expect(config.secrets.secret).toEqual([SECRET]);
  });

  test('a value and a file for one secret contradict each other', () => {
    expect(problemsOf(production({ GUICHET_SECRET_FILE: '/dev/null' }))).toEqual([
      'GUICHET_SECRET and GUICHET_SECRET_FILE are both set: keep one of them',
    ]);
  });

  test('a file that cannot be read is the only problem reported for its secret', () => {
    const problems = problemsOf(
      production({ GUICHET_SECRET: undefined, GUICHET_SECRET_FILE: join(directory, 'none') }),
    );
    expect(problems).toEqual([expect.stringContaining('GUICHET_SECRET_FILE cannot be read: ENOENT')]);
  });

  test.for(['postgres://u:p@db:5432/guichet', 'postgresql:///guichet?host=/var/run/postgresql'])(
    'database %s',
    (url) => {
      expect(loadConfig(production({ GUICHET_DATABASE_URL: url })).database.url).toBe(url);
    },
  );
});

describe('development secrets', () => {
  test('they are made once, kept private and announced once', () => {
    const dataDir = join(directory, 'fresh');
    const first = loadConfig({ GUICHET_DATA_DIR: dataDir });
    const second = loadConfig({ GUICHET_DATA_DIR: dataDir });
    const path = join(dataDir, 'secrets.json');
    expect(first.notices).toEqual([`Made development secrets in ${path}.`]);
    expect(second.notices).toEqual([]);
    expect(second.secrets).toEqual(first.secrets);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test('they would do for production', () => {
    const dataDir = join(directory, 'strong');
    loadConfig({ GUICHET_DATA_DIR: dataDir });
    const { secret, encryptionKey } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'));
    expect(problemsOf(production({ GUICHET_SECRET: secret, GUICHET_ENCRYPTION_KEY: encryptionKey }))).toEqual(
      [],
    );
  });

  test('processes that start at once agree on them', async () => {
    const dataDir = join(directory, 'race');
    const script = `import { loadConfig } from ${JSON.stringify(join(import.meta.dirname, '../src/config/load.ts'))};
      const { secrets, notices } = loadConfig({ GUICHET_DATA_DIR: ${JSON.stringify(dataDir)} });
      console.log(JSON.stringify({ secret: secrets.secret, made: notices.length }));`;
    const runs = Array.from({ length: 6 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]),
    );
    const results = (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout));
    expect(new Set(results.map(({ secret }) => secret[0])).size).toBe(1);
    expect(results.filter(({ made }) => made === 1)).toHaveLength(1);
  });

  test.for(['', '{', '{"secret":"x"}', '{"secret":"x","encryptionKey":"short"}'])(
    'a damaged file (%s) is not replaced',
    (text) => {
      const dataDir = mkdtempSync(join(directory, 'damaged-'));
      writeFileSync(join(dataDir, 'secrets.json'), text);
      const problem = `GUICHET_DATA_DIR cannot keep the development secrets: ${dataDir}/secrets.json is damaged; restore or delete it`;
      expect(problemsOf({ GUICHET_DATA_DIR: dataDir })).toEqual([problem]);
      expect(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).toBe(text);
    },
  );

  test('a data directory that cannot be made is a problem of its variable', () => {
    const problems = problemsOf({ GUICHET_DATA_DIR: '/dev/null/data' });
    expect(problems).toEqual([
      expect.stringMatching(/^GUICHET_DATA_DIR cannot keep the development secrets: ENOTDIR/),
    ]);
  });

  test('production makes none', () => {
    const dataDir = join(directory, 'unused');
    expect(problemsOf(production({ GUICHET_SECRET: undefined, GUICHET_DATA_DIR: dataDir }))).toHaveLength(1);
    expect(() => statSync(dataDir)).toThrow('ENOENT');
  });
});

/** `vitest run test/config.test.ts -u` writes both files anew. */
describe('documentation', () => {
  const root = join(import.meta.dirname, '..');

  test('the table of the README is the schema', async () => {
    const path = join(root, 'README.md');
    const readme = readFileSync(path, 'utf8');
    const table = await format(configurationTable(), { parser: 'markdown' });
    const section = /(?<=<!-- configuration -->\n)[^]*(?=<!-- \/configuration -->)/;
    expect(readme).toMatch(section);
    await expect(readme.replace(section, () => `\n${table}\n`)).toMatchFileSnapshot(path);
  });

  test('.env.example is the schema', async () => {
    await expect(environmentExample()).toMatchFileSnapshot(join(root, '.env.example'));
  });

  test('.env.example made live changes nothing', () => {
    const lines = environmentExample().matchAll(/^#(GUICHET_\w+)=(.*)$/gm);
    const env = Object.fromEntries(Array.from(lines, ([, name, value]) => [name, value]));
    const given = { GUICHET_SECRET: SECRET, GUICHET_ENCRYPTION_KEY: KEY };
    // What was given is told apart from what holds anyway.
    const { settings: _given, ...said } = loadConfig({ ...env, ...given });
    const { settings: _unset, ...held } = loadConfig(given);
    expect(said).toEqual(held);
  });
});
