import { SignJWT } from 'jose';

import { statusListUri } from '../revocation/status-list.ts';
import { jtiDigest } from '../revocation/token.ts';
import type { Services } from '../services.ts';
import { activeKey, scopesOf, TEST_CLIENT, toPayload } from './payload.ts';
import type { Registry } from './registry.ts';
import type { TokenWish } from './test-issuer.ts';

/**
 * An access token without its HTTP request: the same ledger row by the same group commit, a place in the same status list, the same key. The row comes first,
 * because a token that nobody recorded must not exist.
 */
export async function mintToken(services: Services, registry: Registry, wish: TokenWish): Promise<string> {
  const api = await registry.api(wish.audience, scopesOf(wish));
  const client = await registry.client(wish.clientId ?? TEST_CLIENT);
  const accountId = wish.subject === undefined ? null : await registry.person(wish.subject);
  const key = await activeKey(services.keys, api.signingAlg);
  const payload = await toPayload(services, api, wish);
  const expiresAt = new Date(payload.exp * 1000);
  const status = await services.statusLease.allocate(expiresAt);

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
      statusList: status.listNo,
      statusIndex: status.index,
      issuedAt: new Date(payload.iat * 1000),
      expiresAt,
    },
    answer: null,
  });
  services.metrics.issued.inc({ outcome });
  if (outcome !== 'issued') {
    throw new Error('no token: its client, its person, its API or its key is disabled or revoked');
  }
  const uri = statusListUri(services.config.issuer, status.listId);
  return new SignJWT({ ...payload, status: { status_list: { idx: status.index, uri } } })
    .setProtectedHeader({ typ: 'at+jwt', alg: key.alg, kid: key.kid })
    .sign(key.privateKey);
}
