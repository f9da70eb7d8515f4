/**
 * An API that checks a token by itself: signature through JWKS, issuer, audience, type, expiry.
 *   node examples/verify.ts AUDIENCE TOKEN
 */
import { createRemoteJWKSet, jwtVerify } from 'jose';

const issuer = process.env['ISSUER'] ?? 'http://localhost:3000';
const [, , audience, token] = process.argv;
if (audience === undefined || token === undefined)
  throw new Error('usage: node examples/verify.ts AUDIENCE TOKEN');

const keys = createRemoteJWKSet(new URL('/jwks', issuer));
const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' });
console.log(payload);
