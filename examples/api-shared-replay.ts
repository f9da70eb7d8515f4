/**
 * Several processes of one API that together let a DPoP proof be used once, whichever of them it reaches first.
 *   DATABASE_URL=postgres://… CLIENT_ID=… CLIENT_SECRET=… PORT=4001 node examples/api-shared-replay.ts
 * Their table, made once:
 *   CREATE TABLE dpop_proofs (key text PRIMARY KEY, expires_at timestamptz NOT NULL);
 *   CREATE INDEX dpop_proofs_expires_at ON dpop_proofs (expires_at);
 */
import express from 'express';
import { Pool } from 'pg';

import { createVerifier, expressAuth, tokenOf, type ReplayStore } from '../src/resource-server/index.ts';

const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', PORT: port = '4001' } = process.env;
const issuer = process.env['ISSUER'] ?? 'http://localhost:3000';
const audience = process.env['AUDIENCE'] ?? 'https://api.example/orders';
const origin = process.env['ORIGIN'] ?? `http://localhost:${port}`;
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], statement_timeout: 2000 });

const replayStore: ReplayStore = {
  async claim(key, expiresAt) {
    const insert = 'INSERT INTO dpop_proofs (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING';
    return (await pool.query(insert, [key, new Date(expiresAt)])).rowCount === 1;
  },
};
const forget = () => pool.query('DELETE FROM dpop_proofs WHERE expires_at < now()').catch(console.error);
setInterval(() => void forget(), 60_000);

const credentials = { clientId, clientSecret };
const verifier = createVerifier({ issuer, audience, credentials, dpop: { required: true, replayStore } });
const app = express();
app.get('/orders', expressAuth(verifier, { scopes: ['orders:read'], origin }), (req, res) => {
  res.json({ orders: [], of: tokenOf(req).subject });
});
app.listen(Number(port), 'localhost', () => console.log(`listening on ${origin}/orders`));
