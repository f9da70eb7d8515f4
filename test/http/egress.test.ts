import type { LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, describe, expect, test } from 'vitest';
import { createEgress, type EgressOptions } from '../../src/http/egress.ts';
import { createEgressPolicy } from '../../src/http/egress-policy.ts';
import { listen } from './harness.ts';

const CERT = readFileSync(new URL('fixtures/good.test.crt.pem', import.meta.url), 'utf8');
const KEY = readFileSync(new URL('fixtures/good.test.key.pem', import.meta.url), 'utf8');

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Listener = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

async function serve(listener: Listener, { tls = false } = {}): Promise<number> {
  const handle: RequestListener = (req, res) => void listener(req, res);
  const server = tls ? createTlsServer({ cert: CERT, key: KEY }, handle) : createServer(handle);
  servers.push(server);
  return listen(server);
}

const hello: Listener = (_req, res) => void res.end('hello');

/** Names that exist for a test only, with every question written down. */
function names(table: Record<string, string[]>) {
  const asked: string[] = [];
  const lookup = async (hostname: string): Promise<LookupAddress[]> => {
    asked.push(hostname);
    const addresses = table[hostname];
    if (!addresses) throw new Error('ENOTFOUND');
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return { asked, lookup };
}

function egress(options: Partial<EgressOptions> = {}) {
  return createEgress({ allow: [], ...options });
}

const REFUSED = { code: 'egress_refused', status: 502 };

describe('addresses that are not public are refused', () => {
  const policy = createEgressPolicy([]);

  test.each([
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0808:0808',
    '::8.8.8.8',
    '64:ff9b::808:808',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2606:4700::1%eth0',
    '',
    'localhost',
    '8.8.8.8.8',
  ])('%s', (address) => {
    expect(policy.isAddressAllowed(address)).toBe(false);
  });

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.0.1',
    '172.32.0.1',
    '198.17.0.1',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450::1',
  ])('%s is public', (address) => {
    expect(policy.isAddressAllowed(address)).toBe(true);
  });

  test('unless the operator allows them', () => {
    const own = createEgressPolicy(['10.1.0.0/16', 'fd00::/8', '192.168.1.1/32', 'Jwks.Internal']);
    expect(['10.1.2.3', 'fd00::1', '192.168.1.1'].every((address) => own.isAddressAllowed(address))).toBe(
      true,
    );
    expect(
      ['10.2.0.1', 'fe80::1', '192.168.1.2', '::ffff:10.1.2.3'].some((address) =>
        own.isAddressAllowed(address),
      ),
    ).toBe(false);
    expect(own.isNameAllowed('jwks.internal')).toBe(true);
    expect(own.isNameAllowed('x.jwks.internal')).toBe(false);
  });
});

describe('what is refused is never connected to', () => {
  test.each([
    (port: number) => `http://127.0.0.1:${port}/`,
    (port: number) => `http://localhost:${port}/`,
    (port: number) => `http://2130706433:${port}/`,
    (port: number) => `http://0x7f.1:${port}/`,
    (port: number) => `http://0177.0.0.1:${port}/`,
    (port: number) => `http://127.1:${port}/`,
    (port: number) => `http://[::ffff:127.0.0.1]:${port}/`,
    (port: number) => `http://[::ffff:7f00:1]:${port}/`,
    (port: number) => `http://127.0.0.1.:${port}/`,
    (port: number) => `http://①②⑦.0.0.1:${port}/`,
  ])('%s', async (url) => {
    let connections = 0;
    const port = await serve(hello);
    servers[0]?.on('connection', () => (connections += 1));
    await expect(egress().fetch(url(port))).rejects.toMatchObject(REFUSED);
    expect(connections).toBe(0);
  });

  test.each([
    'ftp://good.test/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'gopher://good.test/',
    'http://user:secret@good.test/',
  ])('%s', async (url) => {
    const error = await egress()
      .fetch(url)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(REFUSED);
    expect(String(error)).not.toContain('secret');
  });

  test('a name of which one address is private', async () => {
    const { lookup } = names({ 'mixed.test': ['8.8.8.8', '10.0.0.1'] });
    await expect(egress({ lookup }).fetch('http://mixed.test/')).rejects.toMatchObject(REFUSED);
  });

  test('a name that does not exist', async () => {
    await expect(egress({ lookup: names({}).lookup }).fetch('http://no.test/')).rejects.toMatchObject({
      code: 'egress_failed',
      status: 502,
    });
  });
});

describe('what is allowed', () => {
  test('the connection goes to the checked address: the name is asked once', async () => {
    const { asked, lookup } = names({ 'good.test': ['127.0.0.1'] });
    const port = await serve((req, res) => void res.end(req.headers.host));
    const response = await egress({ lookup, allow: ['127.0.0.0/8'] }).fetch(`http://good.test:${port}/`);
    expect(await response.text()).toBe(`good.test:${port}`);
    expect(asked).toEqual(['good.test']);
  });

  test('a name may be allowed wherever it leads', async () => {
    const { lookup } = names({ 'good.test': ['127.0.0.1'] });
    const port = await serve(hello);
    expect((await egress({ lookup, allow: ['good.test'] }).fetch(`http://good.test:${port}/`)).status).toBe(
      200,
    );
  });

  test('loopback for a client on this machine, and nothing else', async () => {
    const port = await serve(hello);
    const response = await egress().fetch(`http://127.0.0.1:${port}/`, { allowLoopback: true });
    expect(await response.text()).toBe('hello');
    await expect(egress().fetch('http://10.0.0.1/', { allowLoopback: true })).rejects.toMatchObject(REFUSED);
  });

  test('method, headers and body arrive; host and encoding are ours', async () => {
    const port = await serve(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += String(chunk);
      res.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] });
      res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }));
    });
    const response = await egress().fetch(new URL(`http://127.0.0.1:${port}/a?b=c`), {
      method: 'POST',
      headers: { Host: 'evil.example', 'User-Agent': 'guichet', 'Accept-Encoding': 'gzip' },
      body: new URLSearchParams({ logout_token: 'x y' }),
      allowLoopback: true,
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: '/a?b=c',
      body: 'logout_token=x+y',
      headers: {
        host: `127.0.0.1:${port}`,
        'user-agent': 'guichet',
        'accept-encoding': 'identity',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': '16',
      },
    });
  });

  test('a redirect is an answer, not an instruction', async () => {
    const port = await serve(
      (_req, res) => void res.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    const response = await egress().fetch(`http://127.0.0.1:${port}/`, { allowLoopback: true });
    expect(response.status).toBe(302);
  });

  test.each([204, 304])('status %i has no body', async (status) => {
    const port = await serve((_req, res) => void res.writeHead(status).end());
    const response = await egress().fetch(`http://127.0.0.1:${port}/`, { allowLoopback: true });
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
  });
});

describe('limits', () => {
  const loopback = { allowLoopback: true };

  test('an answer that is too large', async () => {
    const port = await serve((req, res) => void res.end(Buffer.alloc(Number(req.url?.slice(1)))));
    expect(
      (
        await (
          await egress().fetch(`http://127.0.0.1:${port}/1000`, { ...loopback, bodyBytesMax: 1000 })
        ).bytes()
      ).length,
    ).toBe(1000);
    const tooLarge = egress().fetch(`http://127.0.0.1:${port}/1001`, { ...loopback, bodyBytesMax: 1000 });
    await expect(tooLarge).rejects.toMatchObject({ code: 'egress_too_large', status: 502 });
  });

  test('an answer without end', async () => {
    const port = await serve((_req, res) => {
      const more = () => res.write(Buffer.alloc(16_384), () => !res.destroyed && setImmediate(more));
      more();
    });
    await expect(egress().fetch(`http://127.0.0.1:${port}/`, loopback)).rejects.toMatchObject({
      code: 'egress_too_large',
    });
  });

  test.each<[string, Listener]>([
    ['never begins', () => {}],
    ['never ends', (_req, res) => void res.write('a')],
  ])('an answer that %s', async (_what, listener) => {
    const port = await serve(listener);
    const started = performance.now();
    const late = egress().fetch(`http://127.0.0.1:${port}/`, { ...loopback, timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: 'egress_timeout', status: 502 });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('a resolver that never answers', async () => {
    const { promise } = Promise.withResolvers<LookupAddress[]>();
    await expect(
      egress({ lookup: () => promise }).fetch('http://good.test/', { timeoutMs: 50 }),
    ).rejects.toMatchObject({ code: 'egress_timeout' });
  });

  test('the caller’s own signal', async () => {
    const port = await serve(() => {});
    const signal = AbortSignal.timeout(50);
    await expect(egress().fetch(`http://127.0.0.1:${port}/`, { ...loopback, signal })).rejects.toMatchObject({
      code: 'egress_failed',
    });
    await expect(
      egress().fetch(`http://127.0.0.1:${port}/`, { ...loopback, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'egress_failed' });
  });

  test.each<[string, Listener]>([
    [
      'a compressed answer that nobody asked for',
      (_req, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    ],
    ['headers without end', (_req, res) => void res.writeHead(200, { x: 'a'.repeat(20_000) }).end()],
    ['a status that does not exist', (_req, res) => void res.writeHead(999).end()],
    ['a connection that is cut', (_req, res) => void res.socket?.destroy()],
    [
      'a change of protocol',
      (_req, res) =>
        void res.socket?.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
  ])('%s', async (_what, listener) => {
    const port = await serve(listener);
    await expect(egress().fetch(`http://127.0.0.1:${port}/`, loopback)).rejects.toMatchObject({
      code: 'egress_failed',
      status: 502,
    });
  });
});

describe('https', () => {
  const { lookup } = names({ 'good.test': ['127.0.0.1'], 'other.test': ['127.0.0.1'] });
  const options = { lookup, allow: ['127.0.0.0/8'] };

  test('the certificate must be for the name that was asked for', async () => {
    const port = await serve(hello, { tls: true });
    const trusting = egress({ ...options, ca: CERT });
    expect(await (await trusting.fetch(`https://good.test:${port}/`)).text()).toBe('hello');
    await expect(trusting.fetch(`https://other.test:${port}/`)).rejects.toMatchObject({
      code: 'egress_failed',
    });
    await expect(trusting.fetch(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'egress_failed',
    });
  });

  test('and from somebody we trust', async () => {
    const port = await serve(hello, { tls: true });
    await expect(egress(options).fetch(`https://good.test:${port}/`)).rejects.toMatchObject({
      code: 'egress_failed',
    });
  });
});
