import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What arrived at the client. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
}

/** The client's own web server, on a loopback address: its callbacks, and pages that lead to the authorization server. */
export interface Receiver {
  readonly origin: string;
  /** The oldest request to this path that nobody has taken; waits for it. */
  take(path: string): Promise<Received>;
  /** How many requests to this path nobody has taken. */
  count(path: string): number;
  /** A page with a form that posts `fields` to `action`. */
  formPage(action: string, fields: Readonly<Record<string, string>>): string;
  close(): Promise<void>;
}

const WAIT_MS_MAX = 10_000;
const FORM_PATH = '/form';

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const arrivals = new EventTarget();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const body = await text(request);
    const contentType = request.headers['content-type'] ?? '';
    if (url.pathname === FORM_PATH) {
      response.setHeader('Content-Type', 'text/html; charset=utf-8').end(renderForm(url));
      return;
    }
    received.push({ method: request.method ?? '', url, contentType, body });
    response.end();
    arrivals.dispatchEvent(new Event(url.pathname));
  }

  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const find = (path: string) => received.findIndex(({ url }) => url.pathname === path);
  return {
    origin,
    async take(path) {
      if (find(path) === -1) await once(arrivals, path, { signal: AbortSignal.timeout(WAIT_MS_MAX) });
      const [taken] = received.splice(find(path), 1);
      if (!taken) throw new Error(`nothing arrived at ${path}`);
      return taken;
    },
    count: (path) => received.filter(({ url }) => url.pathname === path).length,
    formPage: (action, fields) =>
      `${origin}${FORM_PATH}?${new URLSearchParams([['', action], ...Object.entries(fields)])}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The empty name stands for the action. */
function renderForm({ searchParams }: URL): string {
  const inputs = [...searchParams]
    .filter(([name]) => name !== '')
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`);
  return `<form method="post" action="${escape(searchParams.get('') ?? '')}">${inputs.join('')}</form>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
