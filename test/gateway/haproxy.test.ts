import { createPublicKey, type JsonWebKey } from 'node:crypto';

import { expect, test } from 'vitest';

import { configure, findProgram, startGateway } from '../support/gateway-process.ts';
import { bearer, gatewayContract, type Setting } from './contract.ts';

const haproxy = findProgram('haproxy');

function start(program: string, { scene, guichetPort, apiPort, port, certificate }: Setting) {
  const key = scene.server.services.keys.jwks().find(({ alg }) => alg === 'ES256');
  if (!key) throw new Error('no key');
  const { kty, crv, x, y } = key;
  const config = configure('haproxy.cfg', {
    '/etc/haproxy/guichet.lua': '@FOLDER@/haproxy.lua',
    'bind :443': `bind 127.0.0.1:${port}`,
    '/etc/haproxy/api.example.com.pem': '@FOLDER@/server.pem',
    '/etc/ssl/certs/ca-certificates.crt': '@FOLDER@/ca.pem',
    'CHANGE-KID': key.kid,
    '/etc/haproxy/guichet-es256.pem': '@FOLDER@/es256.pem',
    '127.0.0.1:8080': `127.0.0.1:${apiPort}`,
  });
  const action = configure('haproxy.lua', {
    'http://127.0.0.1:3000': `http://127.0.0.1:${guichetPort}`,
    'id.example.com': new URL(scene.issuer).host,
    'https://api.example.com': `https://localhost:${port}`,
  });
  const publicKey = createPublicKey({ key: { kty, crv, x, y } as JsonWebKey, format: 'jwk' });
  return startGateway(program, {
    port,
    files: {
      'haproxy.cfg': config,
      'haproxy.lua': action,
      'server.pem': certificate.certificatePem + certificate.keyPem,
      'ca.pem': certificate.certificatePem,
      'es256.pem': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
    args: (folder) => ['-db', '-f', `${folder}/haproxy.cfg`],
  });
}

gatewayContract(
  'HAProxy with its own check and Lua',
  haproxy === undefined ? undefined : (setting) => start(haproxy, setting),
  (contract) => {
    test('an expired token and a forged one are refused without asking Guichet', async () => {
      const { guichet, call, minted, access } = contract();
      const now = Math.floor(Date.now() / 1000);
      const expired = await minted({ iat: now - 600, exp: now - 60 });
      const good = await access();
      const forged = `${good.slice(0, -8)}AAAAAAAA`;
      await guichet.cut();
      expect((await call(bearer(expired))).status).toBe(401);
      expect((await call(bearer(forged))).status).toBe(401);
      expect((await call(bearer(good))).status).toBe(503);
      await guichet.restore();
    });
  },
);
