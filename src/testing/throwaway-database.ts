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

/** A PostgreSQL of its own with the current schema. It survives nothing, and ends with this process however that ends. */
export async function openThrowawayDatabase(log: Logger): Promise<ThrowawayDatabase> {
  const workshop = openWorkshop();
  sweep(workshop, systemClock.now());
  const dataDir = await mkdtemp(roomPrefix(workshop));
  let embedded: Embedded | undefined;
  async function drop(): Promise<void> {
    await embedded?.stop();
    const sockets = embedded?.connection.host;
    await rm(dataDir, { recursive: true, force: true });
    // Where the path is too long for a socket address, the socket has a folder elsewhere.
    if (sockets?.startsWith('/')) await rm(sockets, { recursive: true, force: true });
  }
  try {
    await unpackTemplate({ workshop, log }, dataDir);
    embedded = await startEmbedded({ dataDir, log, durable: false });
    return { url: urlOf(embedded.connection), dataDir, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

function urlOf({ host, port, user, password, database }: ConnectionSettings): string {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  if (!host.startsWith('/')) return `postgres://${credentials}@${host}:${port}/${database}`;
  return `postgres://${credentials}@/${database}?${new URLSearchParams({ host, port: String(port) }).toString()}`;
}
