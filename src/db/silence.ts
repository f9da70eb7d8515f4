import type { Socket } from 'node:net';
import type { Client } from 'pg';

/**
 * A network that swallows packets, or a host that is gone, ends no connection: TCP goes on trying for a quarter of an hour.
 * Where something was sent and nothing came back for so long, the connection is given up, and the statement with it.
 */
export function boundSilence(client: Client, silenceMs: number): void {
  const stream = streamOf(client);
  let answered = stream.bytesWritten;
  stream.on('data', () => (answered = stream.bytesWritten));
  stream.setTimeout(silenceMs, () => {
    if (stream.bytesWritten > answered) stream.destroy(new SilentDatabaseError(silenceMs));
  });
}

/** For a connection whose statements may take as long as they like. */
export function allowSilence(client: Client): void {
  streamOf(client).setTimeout(0);
}

class SilentDatabaseError extends Error {
  readonly code = 'ETIMEDOUT';
  constructor(silenceMs: number) {
    super(`The database has not answered for ${silenceMs / 1000} seconds`);
  }
}

/** A socket in fact; pg can be given something else, which nobody here does. */
function streamOf({ connection }: Client): Socket {
  return connection.stream as Socket;
}
