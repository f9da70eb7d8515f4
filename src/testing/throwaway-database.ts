import { mkdtemp, rm } from 'node:fs/promises';

import type { ConnectionSettings } from '../db/database.ts';
import { startEmbedded, type Embedded } from '../db/embedded.ts';
import { systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { unpackTemplate } from './template.ts';
import { openWorkshop, roomPrefix, sweep } from './workshop.ts';

export interface ThrowawayDatabase {
  readonly url: string;
  /** For whatever else its owner has to write. */
  readonly dataDir: string;
  /** Stops PostgreSQL and removes every file. Close all connections first. */
  drop(): Promise<void>;
}

/** Its files, before it runs. */
export interface ThrowawayFiles {
  readonly dataDir: string;
  /** Call it once. Removes the files if it fails. */
  start(): Promise<ThrowawayDatabase>;
}

/** A PostgreSQL of its own with the current schema. It survives nothing, and ends with this process however that ends. */
export async function unpackThrowawayDatabase(log: Logger): Promise<ThrowawayFiles> {
  const workshop = openWorkshop();
  sweep(workshop, systemClock.now());
  const dataDir = await mkdtemp(roomPrefix(workshop));
  try {
    await unpackTemplate({ workshop, log }, dataDir);
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
  return { dataDir, start: () => start(dataDir, log) };
}

async function start(dataDir: string, log: Logger): Promise<ThrowawayDatabase> {
  let embedded: Embedded;
  try {
    embedded = await startEmbedded({ dataDir, log, durable: false });
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
  const running = embedded;
  const { connection } = running;
  return {
    url: urlOf(connection),
    dataDir,
    async drop() {
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
      // Where the path is too long for a socket address, the socket has a folder elsewhere.
      if (connection.host.startsWith('/')) await rm(connection.host, { recursive: true, force: true });
    },
  };
}

function urlOf({ host, port, user, password, database }: ConnectionSettings): string {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  if (!host.startsWith('/')) return `postgres://${credentials}@${host}:${port}/${database}`;
  return `postgres://${credentials}@/${database}?${new URLSearchParams({ host, port: String(port) }).toString()}`;
}
