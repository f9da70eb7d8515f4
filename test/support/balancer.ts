import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What stands under the issuer's address in front of several server processes: one request here, the next one there, and elsewhere when
 * nobody listens. Streams of revocations can be cut and frozen on command.
 */
export interface Balancer {
  readonly port: number;
  readonly url: string;
  /** The processes, once they have ports. */
  forwardTo(ports: readonly number[]): void;
  /** How many answers came from which port, for paths that begin so. */
  answersOf(path: string): ReadonlyMap<number, number>;
  /** Where the open streams are. */
  streamPorts(): readonly number[];
  /** Says how many there were. */
  cutStreams(): number;
  /** The connections stay and nothing comes over them, nor over new ones, until they are thawed; then what was held back comes. */
  freezeStreams(): void;
  thawStreams(): void;
  stop(): Promise<void>;
}

const STREAM_PATH = '/revocations';
/** RFC 9110 §7.6.1: these speak of one connection only. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);

interface OpenStream {
  readonly port: number;
  readonly near: ServerResponse;
  readonly far: IncomingMessage;
}

export async function startBalancer(): Promise<Balancer> {
  const streams = new Set<OpenStream>();
  const answers: { path: string; port: number }[] = [];
  let ports: readonly number[] = [];
  let turn = 0;
  let thaw: PromiseWithResolvers<void> | undefined;

  const server = http.createServer((req, res) => void forward(req, res).catch(() => res.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: ownPort } = server.address() as AddressInfo;

  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const isStream = req.url === STREAM_PATH;
    if (isStream) await thaw?.promise;
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    turn += 1;
    for (let attempt = 0; attempt < ports.length && !res.destroyed; attempt += 1) {
      const port = ports[(turn + attempt) % ports.length] ?? 0;
      const far = await request(port, req, Buffer.concat(chunks));
      if (far === 'nobody') continue;
      if (far === 'broken') break;
      answers.push({ path: req.url ?? '', port });
      return passOn({ port, near: res, far }, isStream);
    }
    res.writeHead(502).end();
  }

  function passOn(pair: OpenStream, isStream: boolean): void {
    const { near, far } = pair;
    near.writeHead(far.statusCode ?? 502, endToEnd(far.rawHeaders));
    near.flushHeaders();
    far.on('data', (chunk: Buffer) => void near.write(chunk));
    far.on('end', () => near.end());
    far.on('error', () => near.destroy());
    near.on('error', () => far.destroy());
    near.on('close', () => {
      far.destroy();
      streams.delete(pair);
    });
    if (!isStream) return;
    streams.add(pair);
    if (thaw) far.pause();
  }

  return {
    port: ownPort,
    url: `http://localhost:${ownPort}`,
    forwardTo(all) {
      ports = all;
    },
    answersOf(path) {
      const counts = Map.groupBy(
        answers.filter((one) => one.path.startsWith(path)),
        ({ port }) => port,
      );
      return new Map([...counts].map(([port, all]) => [port, all.length]));
    },
    streamPorts: () => [...streams].map(({ port }) => port),
    cutStreams() {
      const open = [...streams];
      for (const { near } of open) near.destroy();
      return open.length;
    },
    freezeStreams() {
      thaw ??= Promise.withResolvers();
      for (const { far } of streams) far.pause();
    },
    thawStreams() {
      thaw?.resolve();
      thaw = undefined;
      for (const { far } of streams) far.resume();
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** `nobody`: no connection came about, so the request can have had no effect. */
function request(
  port: number,
  { method, url, rawHeaders }: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage | 'nobody' | 'broken'> {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage | 'nobody' | 'broken'>();
  const headers = [...endToEnd(rawHeaders), 'Connection', 'close'];
  const sent = http.request({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
  sent.on('response', resolve);
  sent.on('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'nobody' : 'broken'),
  );
  sent.end(body);
  return promise;
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  const pairs = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
  return pairs.filter(([name]) => !HOP_BY_HOP.has(String(name).toLowerCase())).flat();
}
