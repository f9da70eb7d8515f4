import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';

import { decodeJwt } from 'jose';

import { loadConfig } from '../config/load.ts';
import { randomToken } from '../crypto/ids.ts';
import { errorCode } from '../db/embedded/error-code.ts';
import { ensureTokenPartitions } from '../jobs/token-partitions.ts';
import type { Logger } from '../log.ts';
import { findApiByAudience } from '../resources/store.ts';
import { revoke } from '../revocation/revoke.ts';
import type { RevokeTarget } from '../revocation/token.ts';
import type { Server } from '../server.ts';
import { openServices, type Services } from '../services.ts';
import { createMovableClock } from './clock.ts';
import { mintForged } from './forge.ts';
import { mintToken } from './mint.ts';
import { ACTOR, createRegistry, type Registry } from './registry.ts';
import type { TestIssuer, TestIssuerClock, TestIssuerOptions, TestVerifierOptions } from './test-issuer.ts';
import type { ThrowawayDatabase } from './throwaway-database.ts';

const TOKEN_TTL_SECONDS = 3600;

interface Ground {
  readonly database: ThrowawayDatabase;
  readonly log: Logger;
  readonly options: TestIssuerOptions;
}

/** The server on a database, which it takes along when it ends, and what tests call around it. */
export async function openTestIssuer({ database, log, options }: Ground): Promise<TestIssuer> {
  const { now, tokenTtlSeconds = TOKEN_TTL_SECONDS, env = {} } = options;
  try {
    const clock = createMovableClock({
      start: now,
      onMove: () => ensureTokenPartitions(running.services.db, clock),
    });
    const running = await serve({ database, clock, log, env });
    const registry = createRegistry(running.services, { tokenTtlSeconds });
    return assemble(running, registry, clock, database);
  } catch (error) {
    await database.drop();
    throw error;
  }
}

interface Running {
  readonly services: Services;
  readonly server: Server;
}

interface Site {
  readonly database: ThrowawayDatabase;
  readonly clock: TestIssuerClock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string>>;
}

/** The issuer's name holds its port, so one is chosen before it is taken; somebody else may be faster. */
const PORT_ATTEMPTS = 5;

async function serve(site: Site): Promise<Running> {
  // The larger half of the code, loaded while keys are made and PostgreSQL answers.
  const loading = import('../server.ts');
  const secrets = {
    GUICHET_SECRET: randomToken(48),
    GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const config = loadConfig({
      GUICHET_HOST: '127.0.0.1',
      GUICHET_PORT: String(port),
      GUICHET_ISSUER: `http://127.0.0.1:${port}`,
      GUICHET_DATA_DIR: site.database.dataDir,
      GUICHET_DATABASE_URL: site.database.url,
      // A test that ends waits for nobody.
      GUICHET_SHUTDOWN_SECONDS: '0',
      ...secrets,
      ...site.env,
    });
    const services = await openServices(config, site.log, site.clock);
    try {
      const { startServer } = await loading;
      return { services, server: await startServer(services) };
    } catch (error) {
      await services.close();
      if (errorCode(error) !== 'EADDRINUSE' || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server without a port');
  return address.port;
}

function assemble(
  { services, server }: Running,
  registry: Registry,
  clock: TestIssuerClock,
  database: ThrowawayDatabase,
): TestIssuer {
  let closed: Promise<void> | undefined;
  async function end(): Promise<void> {
    await server.close();
    await services.close();
    await database.drop();
  }
  const close = () => (closed ??= end());
  return {
    issuer: services.config.issuer,
    clock,
    mintToken: (wish) => mintToken(services, registry, wish),
    mintForged: (wish) => mintForged(services, registry, wish),
    async revoke(target) {
      const { tokens, knownBy } = await revoke(services, await toTarget(services, target), ACTOR);
      return { tokens, knownBy };
    },
    async createApi(wish) {
      const { id, audience } = await registry.createApi(wish);
      return { id, audience };
    },
    createClient: (wish = {}) => registry.createClient(wish),
    async createUser(wish = {}) {
      const { id, email, username } = await registry.createUser(wish);
      return { id, email, username };
    },
    verifierOptions: (audience) => verifierOptions(services, registry, audience),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A token stands for its `jti`, an audience for the id of its API. */
async function toTarget(
  { db }: Services,
  target: RevokeTarget | { readonly token: string },
): Promise<RevokeTarget> {
  if ('token' in target) {
    const { jti, exp } = decodeJwt(target.token);
    if (jti === undefined || exp === undefined) throw new TypeError('this is no access token of ours');
    return { jti, expiresAt: new Date(exp * 1000) };
  }
  if (!('api' in target)) return target;
  const api = await findApiByAudience(db.knex, target.api);
  return api ? { api: api.id } : target;
}

async function verifierOptions(
  { config, clock }: Services,
  registry: Registry,
  audience: string,
): Promise<TestVerifierOptions> {
  const credentials = await registry.credentials(audience);
  return { issuer: config.issuer, audience, credentials, now: () => clock.now().getTime() };
}
