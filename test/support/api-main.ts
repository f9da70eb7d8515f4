/**
 * An API as somebody else runs it: a process of its own with the published verifier and nothing else of ours. Started by `startApi` of
 * api-process.ts, configured by its environment. Says in `Refused-For` why it refused, which no real API should.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { createVerifier } from '../../src/resource-server/create-verifier.ts';
import { TokenError } from '../../src/resource-server/token-error.ts';

const { ISSUER: issuer = '', CLIENT_ID: clientId, CLIENT_SECRET: clientSecret = '' } = process.env;

const verifier = createVerifier({
  issuer,
  audience: (process.env['AUDIENCES'] ?? '').split(' '),
  requireStatus: true,
  onEvent: (event) => say(JSON.stringify(event)),
  ...(clientId === undefined
    ? { status: 'list' }
    : { status: 'stream', credentials: { clientId, clientSecret } }),
});

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { method = 'GET', headers } = req;
  try {
    await verifier.authenticate({
      method,
      url: 'http://localhost/orders',
      authorization: headers.authorization,
    });
    res.writeHead(200).end();
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    res.writeHead(error.status, { 'Refused-For': error.reason ?? error.code }).end(JSON.stringify(error));
  }
}

await verifier.ready();
const server = createServer((req, res) => void answer(req, res)).listen(0, '127.0.0.1', () => {
  const address = server.address();
  say(`listening on ${typeof address === 'object' ? address?.port : ''}`);
});
