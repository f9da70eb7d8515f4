import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { confirmLogout, expectSignedOut, randomState, requestLogout, returnToClient } from './logout.ts';
import { BACK_CHANNEL, openSuite, type Suite, type TestClient } from './suite.ts';
import { runFlow, type Flow } from './tokens.ts';

describe('oidcc-backchannel-rp-initiated-logout-certification-test-plan', () => {
  let suite: Suite;

  beforeAll(async () => {
    suite = await openSuite({
      clientMetadata: (origin) => ({
        backchannel_logout_uri: origin + BACK_CHANNEL,
        backchannel_logout_session_required: true,
      }),
    });
  });
  afterAll(() => suite.close());

  test('oidcc-backchannel-logout-discovery-endpoint-verification', () => {
    expect(suite.metadata['backchannel_logout_supported']).toBe(true);
    expect(suite.metadata['backchannel_logout_session_supported']).toBe(true);
    expect(suite.metadata['end_session_endpoint']).toBe(`${suite.issuer}/session/end`);
  });

  test('oidcc-backchannel-rp-initiated-logout', async () => {
    const flow = await runFlow(suite);
    const { browser } = flow;
    const elsewhere = await runFlow(suite, {}, { browser, client: suite.secondClient });
    expect(elsewhere.asked).toEqual(['consent']);

    const state = randomState();
    const page = await confirmLogout(flow, await requestLogout(suite, flow, { state }));
    const params = await returnToClient(suite, page);
    expect(Object.fromEntries(params)).toEqual({ state });

    // Everybody the person was signed in to is told, each under its own name for the session.
    const tokens = [await takeLogoutToken(), await takeLogoutToken()];
    await expectLogoutToken(tokenFor(flow.client, tokens), flow);
    await expectLogoutToken(tokenFor(suite.secondClient, tokens), elsewhere);
    const ids = tokens.map((token) => decodeJwt(token).jti);
    expect(new Set(ids).size).toBe(2);

    await expectSignedOut(suite, flow);
  });

  /** Back-Channel Logout §2.5: a form with the logout token and nothing else. */
  async function takeLogoutToken(): Promise<string> {
    const { method, url, contentType, body } = await suite.receiver.take(BACK_CHANNEL);
    expect(method).toBe('POST');
    expect(contentType).toMatch(/^application\/x-www-form-urlencoded\b/);
    expect(url.search).toBe('');
    const form = new URLSearchParams(body);
    expect([...form.keys()]).toEqual(['logout_token']);
    return form.get('logout_token') ?? '';
  }

  /** Back-Channel Logout §2.4 and §2.6. */
  async function expectLogoutToken(token: string, { client, idToken }: Flow): Promise<void> {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(suite.keys), {
      typ: 'logout+jwt',
      issuer: suite.issuer,
      audience: client.id,
      algorithms: ['RS256'],
      requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti', 'events'],
    });
    expect(suite.keys.keys.map(({ kid }) => kid)).toContain(protectedHeader.kid);
    expect(payload['events']).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} });
    expect(payload.sub).toBe(idToken.claims.sub);
    expect(payload['sid']).toBe(idToken.claims.sid);
    expect(payload['sid']).toBeTruthy();
    expect(payload).not.toHaveProperty('nonce');
    const now = Date.now() / 1000;
    expect(Math.abs((payload.iat ?? 0) - now)).toBeLessThan(5);
    // §2.4 recommends two minutes at most.
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(120);
  }
});

function tokenFor({ id }: TestClient, tokens: readonly string[]): string {
  const found = tokens.find((token) => decodeJwt(token).aud === id);
  if (found === undefined) throw new Error(`no logout token for ${id}`);
  return found;
}
