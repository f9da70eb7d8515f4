import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const MODULES = path.join(import.meta.dirname, '../../node_modules');

/** The library as it is published, found as a bundler would. */
const IMPORTS = {
  'openid-client': '/openid-client/build/index.js',
  oauth4webapi: '/oauth4webapi/build/index.js',
  'jose/errors': '/jose/dist/webapi/util/errors.js',
  'jose/': '/jose/dist/webapi/',
};

export interface ServedPage {
  readonly origin: string;
  /** What the page runs; call before it is opened. */
  show(program: string): void;
  close(): Promise<void>;
}

/** A page whose only script is a program that was pasted into it. */
export async function servePage(): Promise<ServedPage> {
  let html = '';
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://page.example');
    if (pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(html);
      return;
    }
    readFile(path.join(MODULES, pathname.endsWith('.js') ? pathname : `${pathname}.js`)).then(
      (file) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(file),
      () => response.writeHead(404).end(),
    );
  }).listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    show(program) {
      const map = JSON.stringify({ imports: IMPORTS });
      html = `<!doctype html><title>Budget</title><body><script type="importmap">${map}</script><script type="module">${program}</script>`;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
