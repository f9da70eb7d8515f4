import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import type { ConnectionSettings } from '../../src/db/database.ts';

/** A wire between a server and its database that a test can cut. */
export interface DatabaseProxy {
  readonly url: string;
  /** The database is gone: connections break, new ones are refused. */
  cut(): Promise<void>;
  /** The network is gone: connections stay and nothing comes over them, nor over new ones. */
  silence(): void;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function startDatabaseProxy(target: ConnectionSettings): Promise<DatabaseProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSilent = false;
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;

  function listen(at: number): Promise<Server> {
    const opened = createServer((near) => {
      const far = target.host.startsWith('/')
        ? connect({ path: `${target.host}/.s.PGSQL.${target.port}` })
        : connect({ host: target.host, port: target.port });
      const pair = [near, far] as const;
      pairs.add(pair);
      for (const [from, to] of [pair, [far, near] as const]) {
        from.on('data', (chunk: Buffer) => void (isSilent || to.write(chunk)));
        from.on('close', () => {
          to.destroy();
          pairs.delete(pair);
        });
        from.on('error', () => undefined);
      }
    }).listen(at, '127.0.0.1');
    return once(opened, 'listening').then(() => opened);
  }

  async function stopListening(): Promise<void> {
    if (!server.listening) return;
    server.close();
    breakAll();
    await once(server, 'close');
  }

  function breakAll(): void {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  }

  const credentials = `${encodeURIComponent(target.user)}:${encodeURIComponent(target.password)}`;
  return {
    url: `postgres://${credentials}@127.0.0.1:${port}/${target.database}`,
    cut: stopListening,
    silence() {
      isSilent = true;
    },
    async restore() {
      isSilent = false;
      // What was swallowed is missing from the streams, so that these cannot be used again.
      breakAll();
      if (!server.listening) server = await listen(port);
    },
    close: stopListening,
  };
}
