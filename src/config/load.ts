import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { developmentSecrets } from './development-secrets.ts';
import { readEnvironment } from './environment.ts';
import type { Environment, Problem, Values } from './environment.ts';
import { variables } from './schema.ts';
import type { Variables } from './schema.ts';
import { splitList } from './values.ts';
import { encryptionKeyWeakness, secretWeakness } from './weakness.ts';

/** Everything that is wrong with the environment, all at once; the messages name variables and never show secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((text) => `  - ${text}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Environment → `Config`. In development it makes missing secrets. Throws `ConfigError`. */
export function loadConfig(env: Environment = process.env): Config {
  const { values, problems } = readEnvironment(env);
  const result = variables.safeParse(values);
  problems.push(
    ...(result.error?.issues ?? []).map(({ path, message }) => ({ name: String(path[0]), text: message })),
  );
  if (values.GUICHET_MODE === 'production') problems.push(...productionProblems(values));
  if (!result.success || problems.length > 0) throw new ConfigError(problems.map(inWords));
  return build(result.data);
}

function productionProblems(values: Values): Problem[] {
  const problems: Problem[] = [];
  const { GUICHET_ISSUER: issuer, GUICHET_SECRET: secret, GUICHET_ENCRYPTION_KEY: encryptionKey } = values;
  if (issuer === undefined) problems.push({ name: 'GUICHET_ISSUER', text: 'is required in production' });
  if (issuer !== undefined && /^http:/i.test(issuer)) {
    problems.push({ name: 'GUICHET_ISSUER', text: 'must start with https:// in production' });
  }
  if (secret === undefined) problems.push(required('GUICHET_SECRET', 'openssl rand -base64 48'));
  if (encryptionKey === undefined)
    problems.push(required('GUICHET_ENCRYPTION_KEY', 'openssl rand -base64 32'));
  return [...problems, ...weakSecrets(secret), ...weakEncryptionKeys(encryptionKey)];
}

function required(name: string, command: string): Problem {
  return { name, text: `is required in production; make one with: ${command}` };
}

function weakSecrets(given: string | undefined): Problem[] {
  return splitList(given ?? '').flatMap((secret) => problemOf('GUICHET_SECRET', secretWeakness(secret)));
}

function weakEncryptionKeys(given: string | undefined): Problem[] {
  const { data = [] } = variables.shape.GUICHET_ENCRYPTION_KEY.safeParse(given);
  return data.flatMap((key) => problemOf('GUICHET_ENCRYPTION_KEY', encryptionKeyWeakness(key)));
}

function problemOf(name: string, text: string | undefined): Problem[] {
  return text === undefined ? [] : [{ name, text }];
}

function inWords({ name, text }: Problem): string {
  return `${name} ${text}`;
}

function build(given: Variables): Config {
  const notices: string[] = [];
  const dataDir = resolve(given.GUICHET_DATA_DIR);
  return {
    mode: given.GUICHET_MODE,
    issuer: given.GUICHET_ISSUER ?? `http://localhost:${given.GUICHET_PORT}`,
    listen: {
      host: given.GUICHET_HOST ?? (given.GUICHET_MODE === 'production' ? '::' : '127.0.0.1'),
      port: given.GUICHET_PORT,
    },
    metrics: { host: given.GUICHET_METRICS_HOST, port: given.GUICHET_METRICS_PORT },
    dataDir,
    database: { url: given.GUICHET_DATABASE_URL, poolMax: given.GUICHET_DATABASE_POOL_MAX },
    trustedProxies: given.GUICHET_TRUSTED_PROXIES,
    secrets: secretsOf(given, dataDir, notices),
    logLevel: given.GUICHET_LOG_LEVEL,
    tokens: {
      accessTtlSeconds: given.GUICHET_ACCESS_TOKEN_TTL_SECONDS,
      refreshTtlSeconds: given.GUICHET_REFRESH_TOKEN_TTL_SECONDS,
      refreshIdleSeconds: given.GUICHET_REFRESH_TOKEN_IDLE_SECONDS,
      refreshGraceSeconds: given.GUICHET_REFRESH_GRACE_SECONDS,
    },
    sessions: { ttlSeconds: given.GUICHET_SESSION_TTL_SECONDS },
    keys: {
      rotationDays: given.GUICHET_KEY_ROTATION_DAYS,
      publishSeconds: given.GUICHET_KEY_PUBLISH_SECONDS,
    },
    egressAllow: given.GUICHET_EGRESS_ALLOW,
    shutdownSeconds: given.GUICHET_SHUTDOWN_SECONDS,
    notices,
  };
}

/** What the environment does not give is taken from the development secrets; production has refused by now. */
function secretsOf(given: Variables, dataDir: string, notices: string[]): Config['secrets'] {
  const secret = splitList(given.GUICHET_SECRET ?? '');
  const encryptionKeys = given.GUICHET_ENCRYPTION_KEY ?? [];
  if (secret.length > 0 && encryptionKeys.length > 0) return { secret, encryptionKeys };
  const made = developmentSecrets(dataDir);
  if (made.created) notices.push(`Made development secrets in ${made.path}.`);
  return {
    secret: secret.length > 0 ? secret : [made.secret],
    encryptionKeys: encryptionKeys.length > 0 ? encryptionKeys : [Buffer.from(made.encryptionKey, 'base64')],
  };
}
