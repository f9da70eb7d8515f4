import type { Config } from '../config/config.ts';
import { ConfigError, loadConfig } from '../config/load.ts';
import { pendingMigrations, unknownMigrations } from '../db/migrate.ts';
import { SIGNING_ALGS, privateKeyAad, type SigningKey } from '../keys/key.ts';
import { listKeys } from '../keys/store.ts';
import { COMMAND } from './command-name.ts';
import { openContext, type CommandContext } from './context.ts';
import { checkIssuer } from './doctor-issuer.ts';
import { checkMail } from './doctor-mail.ts';
import { checkSecrets } from './doctor-secrets.ts';
import { paragraphs, type Outcome } from './outcome.ts';

/** One thing that was looked at. `advice` says what to do, unless all is well. */
export interface Finding {
  readonly check: 'configuration' | 'database' | 'schema' | 'keys' | 'secrets' | 'clock' | 'issuer' | 'mail';
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly advice?: string;
}

/** PostgreSQL 15 is the oldest that is still tested with (README). */
const SERVER_VERSION_MIN = 150_000;

/** More than this and freshly issued tokens look as if they came from the future to somebody. */
const SKEW_WARNING_MS = 1_000;
/** The tolerance usual in JWT verifiers is a minute or less; half of it is left for the verifier's own clock. */
const SKEW_PROBLEM_MS = 30_000;

export async function examine(): Promise<Outcome> {
  const findings = await lookAtEverything();
  const problems = findings.filter(({ state }) => state === 'problem').length;
  const lines = findings.map(
    ({ check, state, message, advice }) =>
      `${MARKS[state]} ${check.padEnd(13)}  ${message}${advice === undefined ? '' : `\n${' '.repeat(10)}${advice}`}`,
  );
  return {
    json: { ok: problems === 0, checks: findings },
    text: paragraphs(lines.join('\n'), problems === 0 ? 'All is well.' : `${problems} to mend.`),
    exitCode: problems === 0 ? 0 : 1,
  };
}

const MARKS: Record<Finding['state'], string> = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' };

async function lookAtEverything(): Promise<Finding[]> {
  const configuration = checkConfiguration();
  if ('problems' in configuration) return configuration.problems;
  const { config, findings } = configuration;
  const database = await lookAtDatabase(config);
  return [
    ...findings,
    ...database.findings,
    ...(await checkIssuer(config, database.activeKids)),
    await checkMail(config),
  ];
}

function checkConfiguration(): { problems: Finding[] } | { config: Config; findings: Finding[] } {
  try {
    const config = loadConfig();
    const message = `${config.mode}, issuer ${config.issuer}`;
    const notices = config.notices.map((notice): Finding => ({
      check: 'configuration',
      state: 'warning',
      message: notice,
    }));
    return { config, findings: [{ check: 'configuration', state: 'ok', message }, ...notices] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      problems: error.problems.map((message) => ({ check: 'configuration', state: 'problem', message })),
    };
  }
}

interface Examined {
  readonly findings: Finding[];
  /** What the JWKS of the running server has to contain. */
  readonly activeKids: string[];
}

async function lookAtDatabase(config: Config): Promise<Examined> {
  try {
    await using context = await openContext({ schema: 'any' }, config);
    const database = await checkDatabase(context);
    const schema = await checkSchema(context);
    const clock = await checkClock(context);
    if (schema.state === 'problem') return { findings: [database, schema, clock], activeKids: [] };
    const keys = await listKeys(context.db.knex);
    return {
      findings: [database, schema, clock, ...checkKeys(context, keys), await checkSecrets(context)],
      activeKids: keys.filter((key) => key.state === 'active').map((key) => key.kid),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice =
      config.database.url === undefined
        ? `Look into ${config.dataDir}/postgres/log, or set GUICHET_DATABASE_URL to a PostgreSQL server.`
        : 'Check GUICHET_DATABASE_URL: host, port, user, password, database, and that the server accepts connections.';
    const message = `It cannot be used: ${reason}`;
    return { findings: [{ check: 'database', state: 'problem', message, advice }], activeKids: [] };
  }
}

async function checkDatabase({ db, config }: CommandContext): Promise<Finding> {
  const { rows } = await db.knex.raw<{ rows: { version: string; number: number }[] }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number`,
  );
  const { version = 'unknown', number = 0 } = rows[0] ?? {};
  const message = `PostgreSQL ${version}${config.database.url === undefined ? `, embedded in ${config.dataDir}` : ''}`;
  return number >= SERVER_VERSION_MIN
    ? { check: 'database', state: 'ok', message }
    : { check: 'database', state: 'problem', message, advice: 'Upgrade it to PostgreSQL 15 or newer.' };
}

async function checkSchema({ db }: CommandContext): Promise<Finding> {
  const [pending, unknown] = [await pendingMigrations(db), await unknownMigrations(db)];
  if (pending.length > 0) {
    const message = `It is behind: ${pending.join(', ')}`;
    return { check: 'schema', state: 'problem', message, advice: `Run: ${COMMAND} migrate` };
  }
  if (unknown.length > 0) {
    const message = `A newer version has migrated it: ${unknown.join(', ')}`;
    return { check: 'schema', state: 'warning', message, advice: 'Finish the upgrade of this installation.' };
  }
  return { check: 'schema', state: 'ok', message: 'It is up to date.' };
}

async function checkClock({ db, clock }: CommandContext): Promise<Finding> {
  // The first query also opens the connection, which is not to be measured.
  await db.knex.raw('select 1');
  const before = clock.now().getTime();
  const { rows } = await db.knex.raw<{ rows: { now: Date }[] }>('select clock_timestamp() as now');
  const after = clock.now().getTime();
  const skewMs = Math.round((rows[0]?.now.getTime() ?? Number.NaN) - (before + after) / 2);
  const message = `It differs from the database's by ${Math.abs(skewMs)} ms.`;
  if (Math.abs(skewMs) < SKEW_WARNING_MS) return { check: 'clock', state: 'ok', message };
  const state = Math.abs(skewMs) < SKEW_PROBLEM_MS ? 'warning' : 'problem';
  return { check: 'clock', state, message, advice: 'Keep the clocks of both hosts by NTP.' };
}

function checkKeys(context: CommandContext, keys: readonly SigningKey[]): Finding[] {
  const missing = SIGNING_ALGS.filter(
    (alg) => !keys.some((key) => key.alg === alg && key.state === 'active'),
  );
  const sealed = keys
    .filter((key) => key.sealedPrivate !== null && !canOpen(context, key))
    .map((key) => key.kid);
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const message = `There is no active key for ${missing.join(', ')}.`;
    findings.push({
      check: 'keys',
      state: 'problem',
      message,
      advice: 'Start the server: it makes what is missing.',
    });
  }
  if (sealed.length > 0) {
    const message = `These cannot be decrypted: ${sealed.join(', ')}`;
    const advice =
      'Put the key that sealed them into GUICHET_ENCRYPTION_KEY (a list: the first seals, all open).';
    findings.push({ check: 'keys', state: 'problem', message, advice });
  }
  const active = keys.filter((key) => key.state === 'active').map((key) => key.alg);
  if (findings.length > 0) return findings;
  return [{ check: 'keys', state: 'ok', message: `Active: ${active.join(', ')}` }];
}

function canOpen({ seal }: CommandContext, { kid, sealedPrivate }: SigningKey): boolean {
  try {
    if (sealedPrivate) seal.open(sealedPrivate, privateKeyAad(kid));
    return true;
  } catch {
    return false;
  }
}
