/**
 * An API on node:http that accepts access tokens without asking anybody, and refuses revoked ones within a second.
 *   CLIENT_ID=… CLIENT_SECRET=… node examples/api-http.ts
 * The credentials are those of any confidential client of the issuer; they open the stream of revocations.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

// Outside this repository: from 'guichet/resource-server'.
import { createVerifier, httpAuth } from '../src/resource-server/index.ts';

const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', PORT: port = '4001' } = process.env;
const issuer = process.env['ISSUER'] ?? 'http://localhost:3000';
const audience = process.env['AUDIENCE'] ?? 'https://api.example/orders';
const origin = `http://localhost:${port}`;

const verifier = createVerifier({ issuer, audience, credentials: { clientId, clientSecret } });
const auth = httpAuth(verifier, { scopes: ['orders:read'], origin });

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const token = await auth(req, res);
  if (!token) return; // Refused, and answered.
  res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ orders: [], of: token.subject }));
}

const server = createServer((req, res) => void answer(req, res));
server.listen(Number(port), 'localhost', () => console.log(`listening on ${origin}/orders`));
