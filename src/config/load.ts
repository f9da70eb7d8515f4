import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { developmentSecrets } from './development-secrets.ts';
import { readEnvironment } from './environment.ts';
import type { Environment, Problem, Values } from './environment.ts';
import { readPicture, type Picture } from './picture.ts';
import { settingsOf } from './reference.ts';
import { variables } from './schema.ts';
import type { Variables } from './schema.ts';
import { encryptionKeyWeakness, secretWeakness } from './weakness.ts';

/** Everything that is wrong with the environment, all at once; the sentences name variables and never show secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(`The configuration is not usable:\n${problems.map((text) => `  - ${text}`).join('\n')}`, options);
    this.problems = problems;
  }
}

/** Environment → `Config`. In development it makes the secrets that are missing. Throws `ConfigError`. */
export function loadConfig(env: Environment = process.env): Config {
  const { values, problems } = readEnvironment(env);
  const result = variables.safeParse(values);
  const invalid = (result.error?.issues ?? []).map(({ path, message }) => ({
    name: String(path[0]),
    text: message,
  }));
  const weak = weakSecrets(values);
  const refused = values.GUICHET_MODE === 'production' ? [...unfit(values), ...weak] : [];
  // A secret whose file cannot be read is missing for that reason, which has been said.
  const news = refused.filter(({ name }) => !problems.some((known) => known.name === `${name}_FILE`));
  const all = [...problems, ...invalid, ...news, ...unread(values), ...contradictory(values)];
  if (!result.success || all.length > 0) throw new ConfigError(all.map(inWords));
  return { ...build(result.data, weak), settings: settingsOf(values) };
}

/** What production refuses although each value is well-formed. */
function unfit(values: Values): Problem[] {
  const problems = MADE_OR_REQUIRED.filter(({ name }) => values[name] === undefined).map(
    ({ name, hint }) => ({
      name,
      text: `is required in production${hint}`,
    }),
  );
  if (!/^http:/i.test(values.GUICHET_ISSUER ?? '')) return problems;
  return [...problems, { name: 'GUICHET_ISSUER', text: 'must start with https:// in production' }];
}

/** A header that only trusted proxies may send is never read where there are none. */
function unread(values: Values): Problem[] {
  if (values.GUICHET_CLIENT_CERTIFICATE_HEADER === undefined || values.GUICHET_TRUSTED_PROXIES !== undefined)
    return [];
  return [
    {
      name: 'GUICHET_CLIENT_CERTIFICATE_HEADER',
      text: 'needs GUICHET_TRUSTED_PROXIES: only they may send it',
    },
  ];
}

/** Values that are fine alone and not together. */
function contradictory(values: Values): Problem[] {
  const problems: Problem[] = [];
  const length = Number(values.GUICHET_PASSWORD_LENGTH_MIN ?? PASSWORD_ALONE_LENGTH_MIN);
  if (length < PASSWORD_ALONE_LENGTH_MIN && values.GUICHET_MULTI_FACTOR !== 'required') {
    problems.push({
      name: 'GUICHET_PASSWORD_LENGTH_MIN',
      text: `below ${PASSWORD_ALONE_LENGTH_MIN} needs GUICHET_MULTI_FACTOR=required`,
    });
  }
  const needsMail = values.GUICHET_REGISTRATION === 'open' || values.GUICHET_REGISTRATION === 'invite';
  if (values.GUICHET_MODE === 'production' && needsMail && values.GUICHET_SMTP_URL === undefined) {
    problems.push({
      name: 'GUICHET_REGISTRATION',
      text: 'needs GUICHET_SMTP_URL: addresses are confirmed by mail',
    });
  }
  return problems;
}

/** NIST SP 800-63B-4 §3.1.1.2: a password that is the only factor. */
const PASSWORD_ALONE_LENGTH_MIN = 15;

/** Development makes these up. */
const MADE_OR_REQUIRED = [
  { name: 'GUICHET_ISSUER', hint: '' },
  { name: 'GUICHET_SECRET', hint: '; make one with: openssl rand -base64 48' },
  { name: 'GUICHET_ENCRYPTION_KEY', hint: '; make one with: openssl rand -base64 32' },
] as const;

function weakSecrets(values: Values): Problem[] {
  // One that does not parse is reported as such.
  const { data: secrets = [] } = variables.shape.GUICHET_SECRET.safeParse(values.GUICHET_SECRET);
  const { data: keys = [] } = variables.shape.GUICHET_ENCRYPTION_KEY.safeParse(values.GUICHET_ENCRYPTION_KEY);
  return [
    ...secrets.map((secret) => ({ name: 'GUICHET_SECRET', text: secretWeakness(secret) })),
    ...keys.map((key) => ({ name: 'GUICHET_ENCRYPTION_KEY', text: encryptionKeyWeakness(key) })),
  ].flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]));
}

function inWords({ name, text }: Problem): string {
  return `${name} ${text}`;
}

function build(given: Variables, weak: readonly Problem[]): Omit<Config, 'settings'> {
  const dataDir = resolve(given.GUICHET_DATA_DIR);
  const issuer = given.GUICHET_ISSUER ?? `http://localhost:${given.GUICHET_PORT}`;
  const { secrets, notices } = secretsOf(given, dataDir);
  return {
    mode: given.GUICHET_MODE,
    issuer,
    listen: {
      host: given.GUICHET_HOST ?? (given.GUICHET_MODE === 'production' ? '::' : '127.0.0.1'),
      port: given.GUICHET_PORT,
    },
    metrics: { host: given.GUICHET_METRICS_HOST, port: given.GUICHET_METRICS_PORT },
    dataDir,
    database: { url: given.GUICHET_DATABASE_URL, poolMax: given.GUICHET_DATABASE_POOL_MAX },
    trustedProxies: given.GUICHET_TRUSTED_PROXIES,
    clientCertificateHeader: given.GUICHET_CLIENT_CERTIFICATE_HEADER,
    secrets,
    logLevel: given.GUICHET_LOG_LEVEL,
    tokens: {
      accessTtlSeconds: given.GUICHET_ACCESS_TOKEN_TTL_SECONDS,
      refreshTtlSeconds: given.GUICHET_REFRESH_TOKEN_TTL_SECONDS,
      refreshIdleSeconds: given.GUICHET_REFRESH_TOKEN_IDLE_SECONDS,
      refreshGraceSeconds: given.GUICHET_REFRESH_GRACE_SECONDS,
    },
    statusLists: { ttlSeconds: given.GUICHET_STATUS_LIST_TTL_SECONDS },
    sessions: {
      ttlSeconds: given.GUICHET_SESSION_TTL_SECONDS,
      idleSeconds: given.GUICHET_SESSION_IDLE_SECONDS,
    },
    authentication: {
      multiFactor: given.GUICHET_MULTI_FACTOR,
      rememberDeviceDays: given.GUICHET_REMEMBER_DEVICE_DAYS,
      passwordLengthMin: given.GUICHET_PASSWORD_LENGTH_MIN,
      reauthenticationSeconds: given.GUICHET_REAUTHENTICATION_SECONDS,
    },
    registration: {
      mode: given.GUICHET_REGISTRATION ?? (given.GUICHET_MODE === 'production' ? 'off' : 'open'),
      domains: given.GUICHET_REGISTRATION_DOMAINS,
    },
    mail: {
      smtpUrl: given.GUICHET_SMTP_URL,
      from: given.GUICHET_MAIL_FROM ?? `no-reply@${new URL(issuer).hostname}`,
    },
    brand: {
      name: given.GUICHET_BRAND_NAME,
      logo: logoOf(given.GUICHET_BRAND_LOGO),
      color: given.GUICHET_BRAND_COLOR,
    },
    keys: {
      rotationDays: given.GUICHET_KEY_ROTATION_DAYS,
      publishSeconds: given.GUICHET_KEY_PUBLISH_SECONDS,
    },
    limits: {
      clientRequestsPerMinute: given.GUICHET_CLIENT_REQUESTS_PER_MINUTE,
      registrationsPerHour: given.GUICHET_REGISTRATIONS_PER_HOUR,
    },
    egressAllow: given.GUICHET_EGRESS_ALLOW,
    shutdownSeconds: given.GUICHET_SHUTDOWN_SECONDS,
    notices: [...notices, ...weak.map((problem) => `${inWords(problem)}: production would refuse it.`)],
  };
}

/** Throws `ConfigError`: a page without its logo would be noticed by everybody but the operator. */
function logoOf(path: string | undefined): Picture | undefined {
  if (path === undefined) return undefined;
  let body: Buffer;
  try {
    body = readFileSync(path);
  } catch (cause) {
    throw new ConfigError([`GUICHET_BRAND_LOGO cannot be read: ${reasonOf(cause)}`], { cause });
  }
  const picture = readPicture(body);
  if (typeof picture === 'string') throw new ConfigError([`GUICHET_BRAND_LOGO ${picture}`]);
  return picture;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the environment does not give comes from the development secrets; production has refused by now. */
function secretsOf(given: Variables, dataDir: string): { secrets: Config['secrets']; notices: string[] } {
  const { GUICHET_SECRET: secret, GUICHET_ENCRYPTION_KEY: encryptionKeys } = given;
  if (secret !== undefined && encryptionKeys !== undefined)
    return { secrets: { secret, encryptionKeys }, notices: [] };
  const made = inDataDir(() => developmentSecrets(dataDir));
  return {
    secrets: { secret: secret ?? made.secret, encryptionKeys: encryptionKeys ?? made.encryptionKey },
    notices: made.created ? [`Made development secrets in ${made.path}.`] : [],
  };
}

function inDataDir<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new ConfigError([`GUICHET_DATA_DIR cannot keep the development secrets: ${reasonOf(cause)}`], {
      cause,
    });
  }
}
