import { Client } from 'pg';
import type { ConnectionSettings } from '../database.ts';
import { isUnavailable } from '../unavailable.ts';

const CONNECT_TIMEOUT_MS = 2_000;

/** Whether a PostgreSQL accepts connections there; rejects when it is there but is not ours (its password, say). */
export async function answers(connection: ConnectionSettings): Promise<boolean> {
  const client = new Client({ ...connection, ssl: false, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => {}); // the same error rejects the promise
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  } finally {
    await client.end();
  }
}
