import { createLogger } from '../../src/log.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/clock.ts';
import { openServices, type Services } from '../../src/services.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createNode, type Node } from './node.ts';
import { freePort, spawnTestServer, TEST_SECRETS, type ServerProcess } from './server.ts';

/**
 * Several real server processes on one database, behind one issuer: what a load balancer would see. They share nothing but
 * PostgreSQL. `services` is a further process's view of it, for the verbs that operators call; it serves nothing itself.
 */
export interface Cluster {
  /** Where nothing stands in front, its port is the first node's, so that a browser finds it without help. */
  readonly issuer: string;
  readonly nodes: readonly [Node, Node];
  readonly processes: readonly ServerProcess[];
  readonly database: Pick<TestDatabase, 'url' | 'db'>;
  readonly services: Services;
  /** Starts a node again, on its old port, after it was killed. */
  revive(index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The address of what stands in front of the nodes. */
  readonly issuer?: string;
  /** Further GUICHET_* variables of the nodes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Otherwise one of its own, dropped at the end. */
  readonly database?: Pick<TestDatabase, 'url' | 'db'>;
  /** Another way to the same database for `services`, when the nodes' way is to be cut. */
  readonly verbsUrl?: string;
}

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { env = {}, database, verbsUrl } = options;
  const own = database === undefined ? await createTestDatabase() : undefined;
  const shared = database ?? own;
  if (!shared) throw new TypeError('there is a database');
  const ports = [await freePort(), await freePort()] as const;
  const issuer = options.issuer ?? `http://localhost:${ports[0]}`;
  const environment = { GUICHET_ISSUER: issuer, ...env };
  const spawnAt = (port: number) => spawnTestServer(shared, { ...environment, GUICHET_PORT: String(port) });

  // One after the other: the first makes the keys, and two cores start two servers no faster at once.
  const services = await openVerbs(verbsUrl ?? shared.url, environment);
  const processes = [await spawnAt(ports[0]), await spawnAt(ports[1])];
  const nodes = [createNode(ports[0], issuer), createNode(ports[1], issuer)] as const;
  return {
    issuer,
    nodes,
    processes,
    database: shared,
    services,
    async revive(index) {
      processes[index] = await spawnAt(ports[index] ?? 0);
    },
    async stop() {
      for (const node of nodes) node.close();
      const fallen = processes.filter(({ child }) => child.exitCode !== null);
      await Promise.all(processes.filter(isRunning).map((process) => process.stop()));
      await services.close();
      await own?.drop();
      // A test that passed although a server fell has not noticed something.
      if (fallen.length > 0)
        throw new Error(`a server ended by itself:\n${fallen.map((one) => one.output()).join('\n')}`);
    },
  };
}

function isRunning({ child }: ServerProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function openVerbs(url: string, environment: Readonly<Record<string, string>>): Promise<Services> {
  const config = loadConfig({ GUICHET_DATABASE_URL: url, ...TEST_SECRETS, ...environment });
  return openServices(config, createLogger({ level: 'error' }), systemClock);
}
