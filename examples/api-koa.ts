/**
 * An API on Koa that accepts access tokens without asking anybody, and refuses revoked ones within a second.
 *   CLIENT_ID=… CLIENT_SECRET=… node examples/api-koa.ts
 * The credentials are those of any confidential client of the issuer; they open the stream of revocations.
 */
import Koa from 'koa';

// Outside this repository: from 'guichet/resource-server'.
import { createVerifier, koaAuth, tokenOf } from '../src/resource-server/index.ts';

const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', PORT: port = '4001' } = process.env;
const issuer = process.env['ISSUER'] ?? 'http://localhost:3000';
const audience = process.env['AUDIENCE'] ?? 'https://api.example/orders';
const origin = `http://localhost:${port}`;

const verifier = createVerifier({ issuer, audience, credentials: { clientId, clientSecret } });
const app = new Koa();

app.use(koaAuth(verifier, { scopes: ['orders:read'], origin }));

app.use((ctx) => {
  ctx.body = { orders: [], of: tokenOf(ctx.state).subject };
});

app.listen(Number(port), 'localhost', () => console.log(`listening on ${origin}/orders`));
