/**
 * An API on Fastify that accepts access tokens without asking anybody, and refuses revoked ones within a second.
 *   CLIENT_ID=… CLIENT_SECRET=… node examples/api-fastify.ts
 * The credentials are those of any confidential client of the issuer; they open the stream of revocations.
 */
import Fastify from 'fastify';

// Outside this repository: from 'guichet/resource-server'.
import { createVerifier, fastifyAuth, tokenOf } from '../src/resource-server/index.ts';

const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', PORT: port = '4001' } = process.env;
const issuer = process.env['ISSUER'] ?? 'http://localhost:3000';
const audience = process.env['AUDIENCE'] ?? 'https://api.example/orders';
const origin = `http://localhost:${port}`;

const verifier = createVerifier({ issuer, audience, credentials: { clientId, clientSecret } });
const app = Fastify();

app.get('/orders', { onRequest: fastifyAuth(verifier, { scopes: ['orders:read'], origin }) }, (request) => ({
  orders: [],
  of: tokenOf(request).subject,
}));

await app.listen({ port: Number(port), host: 'localhost' });
console.log(`listening on ${origin}/orders`);
