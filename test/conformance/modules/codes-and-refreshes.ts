import * as oauth from 'oauth4webapi';
import { expect } from 'vitest';

import { letPass } from '../clock.ts';
import { INSECURE, type Suite, type TestClient } from '../suite.ts';
import {
  checkTokenResponse,
  entropyBits,
  expectTokenError,
  fetchUserinfo,
  readTokens,
  redeem,
  runFlow,
  TOKEN_CHARACTERS,
  type Flow,
  type Tokens,
} from '../tokens.ts';

/** What may be used once, what more often, and by whom. */
export const codesAndRefreshes = {
  async 'oidcc-codereuse'(suite: Suite) {
    const flow = await runFlow(suite);
    await expectTokenError(await redeem(suite, flow), 'invalid_grant');
  },

  /** RFC 6749 §4.1.2: and what came of the code is worth nothing from then on. */
  async 'oidcc-codereuse-30seconds'(suite: Suite) {
    const flow = await runFlow(suite);
    letPass(30);
    await fetchUserinfo(suite, flow.accessToken, flow.idToken.claims.sub);
    await expectTokenError(await redeem(suite, flow), 'invalid_grant');
    await expectDead(suite, flow);
  },

  async 'oidcc-refresh-token'(suite: Suite) {
    expect(suite.metadata.grant_types_supported).toContain('refresh_token');
    await obtainAndRefresh(suite, suite.client, { scope: 'openid offline_access' });
    const nonce = oauth.generateRandomNonce();
    expect(nonce).toHaveLength(43);
    const second = await obtainAndRefresh(suite, suite.secondClient, {}, nonce);
    const stolen = await refresh(suite, suite.client, second.refreshToken ?? '');
    await expectTokenError(stolen, 'invalid_grant');
  },
};

/** OIDC Core §5.3.3, RFC 6750 §3. */
async function expectDead({ metadata }: Suite, { accessToken }: Flow): Promise<void> {
  const response = await fetch(metadata.userinfo_endpoint ?? '', {
    headers: { Authorization: `Bearer ${accessToken}` },
  });
  expect(response.status).toBe(401);
  expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
}

const REFRESH_TOKEN_LENGTH_MIN = 22;
const REFRESH_TOKEN_BITS_MIN = 96;

async function obtainAndRefresh(
  suite: Suite,
  client: TestClient,
  parameters: Readonly<Record<string, string>>,
  nonce = oauth.generateRandomNonce(),
): Promise<Tokens> {
  const request = { scope: 'openid offline_access', prompt: 'consent', nonce };
  const first = await runFlow(suite, request, { client });
  expect(first.refreshToken).toMatch(TOKEN_CHARACTERS);

  letPass(1);
  const response = await refresh(suite, client, first.refreshToken ?? '', parameters);
  await checkTokenResponse(response.clone());
  const second = await readTokens(suite, response, { client, nonce });
  expect(second.refreshToken).toMatch(TOKEN_CHARACTERS);
  expect(second.refreshToken?.length).toBeGreaterThanOrEqual(REFRESH_TOKEN_LENGTH_MIN);
  expect(entropyBits(second.refreshToken ?? '')).toBeGreaterThanOrEqual(REFRESH_TOKEN_BITS_MIN);
  expect(second.accessToken).not.toBe(first.accessToken);
  expectConsistent(first, second);
  await fetchUserinfo(suite, second.accessToken, second.idToken.claims.sub);
  return second;
}

function refresh(
  { metadata }: Suite,
  client: TestClient,
  refreshToken: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return oauth.refreshTokenGrantRequest(
    metadata,
    { client_id: client.id },
    client.authentication,
    refreshToken,
    { ...INSECURE, additionalParameters: { ...parameters } },
  );
}

/** OIDC Core §12.2. */
function expectConsistent(first: Tokens, second: Tokens): void {
  const before = first.idToken.claims;
  const after = second.idToken.claims;
  for (const claim of ['iss', 'sub', 'aud', 'azp'] as const) expect(after[claim]).toEqual(before[claim]);
  expect(after.iat).toBeGreaterThan(before.iat);
  if (after.auth_time !== undefined) expect(after.auth_time).toBe(before.auth_time);
}
