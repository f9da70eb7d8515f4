import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { openConnection } from '../connection.ts';
import { percentile } from '../load.ts';
import type { Ground } from './main.ts';

const STREAMS = 1000;
const REVOCATIONS = 100;

/** A thousand readers at one process: what they cost, and how long it takes from the answer to a revocation until all know. */
export async function measureStreams({ target }: Pick<Ground, 'target'>): Promise<string> {
  const { machine } = target.credentials;
  const authorization = `Basic ${Buffer.from(`${machine.id}:${machine.secret}`).toString('base64')}`;
  const before = residentMegabytes(target.process.pid);
  const heard = { count: 0, at: 0 };
  const sockets: Socket[] = [];
  for (let index = 0; index < STREAMS; index += 1) {
    const socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true });
    const ready = Promise.withResolvers<void>();
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      if (text.includes('event: ready')) ready.resolve();
      if (!text.includes('event: revoked')) return;
      heard.count += 1;
      heard.at = performance.now();
    });
    socket.on('error', ready.reject);
    socket.write(
      `GET /revocations HTTP/1.1\r\nHost: localhost:${target.port}\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    await ready.promise;
    sockets.push(socket);
  }
  await sleep(5000);
  const after = residentMegabytes(target.process.pid);

  const connection = await openConnection(target.port);
  const form = { grant_type: 'client_credentials', scope: 'orders:read' };
  const lags: number[] = [];
  for (let round = 0; round < REVOCATIONS; round += 1) {
    const issued = await connection.send(
      target.requests.post('/token', form, { Authorization: authorization }),
    );
    const { access_token: token } = JSON.parse(issued.body) as { access_token: string };
    heard.count = 0;
    await connection.send(
      target.requests.post('/token/revocation', { token }, { Authorization: authorization }),
    );
    const acknowledgedAt = performance.now();
    while (heard.count < STREAMS) await sleep(1);
    lags.push(Math.max(0, heard.at - acknowledgedAt));
  }
  connection.close();
  for (const socket of sockets) socket.destroy();
  const [p50, p99, max] = [50, 99, 100].map((percent) => percentile(lags, percent).toFixed(1));
  return [
    `${STREAMS} open streams: ${(after - before).toFixed(1)} MB more resident memory (${before.toFixed(0)} before)`,
    `from the answer to a revocation until the last of them knew: ${p50} ms median, ${p99} ms p99, ${max} ms at most`,
  ].join('\n');
}

function residentMegabytes(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
