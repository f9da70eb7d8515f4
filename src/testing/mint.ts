import { SignJWT } from 'jose';

import { jtiDigest } from '../revocation/token.ts';
import type { Services } from '../services.ts';
import { activeKey, scopesOf, TEST_CLIENT, toPayload } from './payload.ts';
import type { Registry } from './registry.ts';
import type { TokenWish } from './test-issuer.ts';

/**
 * An access token without its HTTP request: the same ledger row by the same group commit, the same key. The row comes first,
 * because a token that nobody recorded must not exist.
 */
export async function mintToken(services: Services, registry: Registry, wish: TokenWish): Promise<string> {
  const api = await registry.api(wish.audience, scopesOf(wish));
  const client = await registry.client(wish.clientId ?? TEST_CLIENT);
  const accountId = wish.subject === undefined ? null : await registry.person(wish.subject);
  const key = await activeKey(services.keys, api.signingAlg);
  const payload = await toPayload(services, api, wish);

  const outcome = await services.records.issue({
    spends: null,
    clientId: client.id,
    grantId: null,
    sessionUid: null,
    accountId,
    artifacts: [],
    token: {
      jti: jtiDigest(payload.jti),
      clientId: client.id,
      apiId: api.id,
      grantId: null,
      sessionUid: null,
      accountId,
      kid: key.kid,
      issuedAt: new Date(payload.iat * 1000),
      expiresAt: new Date(payload.exp * 1000),
    },
    answer: null,
  });
  services.metrics.issued.inc({ outcome });
  if (outcome !== 'issued') {
    throw new Error('no token: its client, its person, its API or its key is disabled or revoked');
  }
  return new SignJWT(payload)
    .setProtectedHeader({ typ: 'at+jwt', alg: key.alg, kid: key.kid })
    .sign(key.privateKey);
}
