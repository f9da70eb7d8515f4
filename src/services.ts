import { ensureAdminApi } from './admin/built-in-api.ts';
import { createBlockList, type BlockList } from './blocks/block-list.ts';
import { createAuditQuota, type AuditQuota } from './audit/quota.ts';
import { ensureBuiltInClients } from './clients/built-in.ts';
import { createClientCache, type ClientCache } from './clients/cache.ts';
import { createSecretUses, type SecretUses } from './clients/secret-uses.ts';
import { systemClock, type Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { openPasswords, type Passwords } from './crypto/passwords.ts';
import { createSeal, type Seal } from './crypto/seal.ts';
import { deriveSecrets, type Secrets } from './crypto/secrets.ts';
import { openDatabase, type Database } from './db/database.ts';
import { startEmbedded } from './db/embedded.ts';
import { openBus, type Bus } from './db/listen.ts';
import { migrate, pendingMigrations, unknownMigrations } from './db/migrate.ts';
import { createDecisionLog, type DecisionLog } from './decisions/decision-log.ts';
import { AppError } from './errors.ts';
import { createEgress, type Egress } from './http/egress.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import { createThrottle, type Throttle } from './http/throttle.ts';
import { ensureTokenPartitions } from './jobs/token-partitions.ts';
import { ensureKeys } from './keys/ensure-keys.ts';
import { createKeyRing, type KeyRing } from './keys/key-ring.ts';
import { createLimits, type Limits } from './limits/limits.ts';
import type { Logger } from './log.ts';
import { createRecords, type Records } from './oidc/records.ts';
import { createStatusBoard, type StatusBoard } from './revocation/status-board.ts';
import { createStatusLease, type StatusLease } from './revocation/status-lease.ts';
import { STATUS_CHANNEL } from './revocation/status-list.ts';
import { createStatusTokens, type StatusTokens } from './revocation/status-token.ts';
import { createApiCache, type ApiCache } from './resources/cache.ts';
import { createRoleCache, type RoleCache } from './roles/cache.ts';
import { createIdentityProviderCache, type IdentityProviderCache } from './upstream/cache.ts';
import { createOidcIssuers, type OidcIssuers } from './upstream/oidc-issuers.ts';

/** Everything a process needs to serve, opened once and passed on explicitly. */
export interface Services {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly db: Database;
  readonly bus: Bus;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly passwords: Passwords;
  readonly egress: Egress;
  readonly throttle: Throttle;
  readonly blocks: BlockList;
  readonly decisions: DecisionLog;
  readonly auditQuota: AuditQuota;
  readonly limits: Limits;
  readonly clients: ClientCache;
  readonly secretUses: SecretUses;
  readonly apis: ApiCache;
  readonly roles: RoleCache;
  readonly identityProviders: IdentityProviderCache;
  readonly oidcIssuers: OidcIssuers;
  readonly keys: KeyRing;
  readonly records: Records;
  readonly statusLease: StatusLease;
  readonly statusBoard: StatusBoard;
  readonly statusTokens: StatusTokens;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

/** Opens what is below first; if something on the way fails, what was opened is closed again. */
export async function openServices(
  config: Config,
  log: Logger,
  clock: Clock = systemClock,
): Promise<Services> {
  const opened: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).toReversed()) await end();
  };
  try {
    const connection = config.database.url ?? (await openEmbedded(config, log, opened));
    const db = openDatabase({ connection, poolMax: config.database.poolMax, applicationName: 'guichet' });
    opened.push(() => db.close());
    await prepareSchema(config, db, log);

    const seal = createSeal(config.secrets.encryptionKeys);
    const secrets = deriveSecrets(config);
    await ensureKeys({ db, clock, seal });
    await ensureBuiltInClients({ db, clock, config });
    await ensureAdminApi({ db, clock, config });
    await ensureTokenPartitions(db, clock);

    const bus = openBus({ connection, log });
    opened.push(() => bus.close());
    const keys = await createKeyRing({ db, bus, seal, clock, log });
    opened.push(() => keys.close());
    const throttle = await createThrottle({ db, bus, clock, key: secrets.throttleKey, log });
    opened.push(() => throttle.close());
    const blocks = await createBlockList({ db, bus, clock, log });
    opened.push(() => blocks.close());
    const decisions = createDecisionLog({ pool: db.pool, clock, log });
    opened.push(() => decisions.close());
    const clients = createClientCache({ db, bus, clock });
    opened.push(() => clients.close());
    const secretUses = createSecretUses({ db, clock, log });
    opened.push(() => secretUses.close());
    const apis = createApiCache({ db, bus, clock });
    opened.push(() => apis.close());
    const roles = createRoleCache({ db, bus, clock });
    opened.push(() => roles.close());
    const identityProviders = createIdentityProviderCache({ db, bus, clock });
    opened.push(() => identityProviders.close());
    const auditQuota = createAuditQuota(clock);
    const metrics = createMetrics();
    const statusLease = createStatusLease({ pool: db.pool, clock });
    opened.push(() => statusLease.close());
    // A database that was away may be another copy of itself, which knows nothing of the list in use.
    opened.push(bus.subscribe(STATUS_CHANNEL, ignore, () => statusLease.abandon()));
    const observe = (seconds: number): void => metrics.revocationPropagation.observe(seconds);
    const statusBoard = await createStatusBoard({ pool: db.pool, bus, clock, log, observe });
    opened.push(() => statusBoard.close());
    await bus.ready();

    return {
      config,
      clock,
      log,
      db,
      bus,
      secrets,
      seal,
      passwords: openPasswords(config),
      egress: createEgress({ allow: config.egressAllow }),
      throttle,
      blocks,
      decisions,
      auditQuota,
      limits: createLimits({ config, clock, db, keys, throttle, auditQuota }),
      clients,
      secretUses,
      apis,
      roles,
      identityProviders,
      oidcIssuers: createOidcIssuers(),
      keys,
      records: createRecords({ pool: db.pool, clock, config }),
      statusLease,
      statusBoard,
      statusTokens: createStatusTokens({ board: statusBoard, keys, clock, config }),
      metrics,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openEmbedded(config: Config, log: Logger, opened: (() => Promise<void> | void)[]) {
  const embedded = await startEmbedded({ dataDir: config.dataDir, log });
  opened.push(() => embedded.stop());
  return embedded.connection;
}

/** Our own database migrates itself; anybody else's is migrated when its operator says so. */
async function prepareSchema(config: Config, db: Database, log: Logger): Promise<void> {
  const unknown = await unknownMigrations(db);
  // Migrations only add: the release before must go on serving while the next one is rolled out.
  if (unknown.length > 0) log.warn({ migrations: unknown }, 'the database was migrated by a newer version');
  if (config.database.url === undefined) {
    const applied = await migrate(db);
    if (applied.length > 0) log.info({ migrations: applied }, 'the embedded database was migrated');
    return;
  }
  const pending = await pendingMigrations(db);
  if (pending.length === 0) return;
  throw new AppError(
    'schema_behind',
    `The database lacks ${pending.length} migrations (${pending.join(', ')}). Run "npm run guichet -- migrate" first.`,
  );
}

function ignore(): void {}
