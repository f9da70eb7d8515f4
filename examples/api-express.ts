/**
 * An API on Express that accepts access tokens without asking anybody, and refuses revoked ones within a second.
 *   CLIENT_ID=… CLIENT_SECRET=… node examples/api-express.ts
 * The credentials are those of any confidential client of the issuer; they open the stream of revocations.
 */
import express from 'express';

// Outside this repository: from 'guichet/resource-server'.
import {
  createVerifier,
  expressAuth,
  expressResourceMetadata,
  resourceMetadataUrl,
  tokenOf,
} from '../src/resource-server/index.ts';

const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', PORT: port = '4001' } = process.env;
const issuer = process.env['ISSUER'] ?? 'http://localhost:3000';
const audience = process.env['AUDIENCE'] ?? 'https://api.example/orders';
const origin = `http://localhost:${port}`;

const resourceMetadata = resourceMetadataUrl(audience);
const verifier = createVerifier({
  issuer,
  audience,
  credentials: { clientId, clientSecret },
  resourceMetadata,
});
const app = express();

app.use(expressResourceMetadata({ resource: audience, authorizationServers: [issuer] }));

app.get('/orders', expressAuth(verifier, { scopes: ['orders:read'], origin }), (req, res) => {
  res.json({ orders: [], of: tokenOf(req).subject });
});

app.listen(Number(port), 'localhost', () => console.log(`listening on ${origin}/orders`));
