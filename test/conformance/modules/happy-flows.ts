import * as openid from 'openid-client';
import { expect } from 'vitest';

import { authorize, goOn, newBrowser } from '../authorize.ts';
import { verifyIdToken } from '../id-token.ts';
import type { Suite } from '../suite.ts';
import { expectTokenError, redeem, runFlow } from '../tokens.ts';

/** The whole way through, in the ways a client may go it. */
export const happyFlows = {
  /** Once with openid-client, which knows nothing of these tests, and once with every check of our own. */
  async 'oidcc-server'(suite: Suite) {
    const { client, issuer, responseMode } = suite;
    const config = await openid.discovery(
      new URL(issuer),
      client.id,
      undefined,
      openid.ClientSecretBasic(client.secret),
      { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
    );
    const checks = {
      pkceCodeVerifier: openid.randomPKCECodeVerifier(),
      expectedState: openid.randomState(),
      expectedNonce: openid.randomNonce(),
      idTokenExpected: true,
    };
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: client.redirectUri,
      scope: 'openid',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...(responseMode === 'form_post' ? { response_mode: 'form_post' } : {}),
    });
    const browser = newBrowser(suite);
    const { answer, asked } = await goOn(suite, browser, await browser.visit(url.href));
    expect(asked).toEqual(['sign-in', 'consent']);
    if (!answer) throw new Error('the client was told nothing');
    const tokens = await openid.authorizationCodeGrant(config, answer.message, checks);
    const sub = tokens.claims()?.sub ?? '';
    expect(sub).toBe(suite.person.id);
    expect(tokens.expiresIn()).toBeGreaterThan(0);
    expect((await openid.fetchUserInfo(config, tokens.access_token, sub)).sub).toBe(sub);
    await verifyIdToken(suite, tokens.id_token ?? '', {
      clientId: client.id,
      nonce: checks.expectedNonce,
      accessToken: tokens.access_token,
      code: answer.params.get('code') ?? '',
    });

    const flow = await runFlow(suite);
    // What was allowed a moment ago is remembered.
    expect(flow.asked).toEqual(['sign-in']);
    expect(flow.userinfo).toEqual({ sub });
  },

  async 'oidcc-server-client-secret-post'(suite: Suite) {
    const { idToken } = await runFlow(suite, {}, { client: suite.postClient });
    expect(idToken.claims.aud).toBe(suite.postClient.id);
  },

  async 'oidcc-ensure-request-without-nonce-succeeds-for-code-flow'(suite: Suite) {
    const { idToken } = await runFlow(suite, { nonce: undefined });
    expect(idToken.claims).not.toHaveProperty('nonce');
  },

  /** RFC 6749 §3.3: the order of scopes says nothing, nor does that of parameters. */
  async 'oidcc-alternate-happy-flow'(suite: Suite) {
    const { userinfo } = await runFlow(
      suite,
      { scope: 'email openid' },
      { arrange: (request) => request.toReversed() },
    );
    expect(userinfo.email).toBe(suite.person.email);
  },

  /** OIDC Core §3.1.2.1: by GET and by POST. */
  async 'oidcc-ensure-post-request-succeeds'(suite: Suite) {
    await runFlow(suite, {}, { method: 'POST' });
  },

  /** The suite's only module with PKCE; here it is on everywhere. A wrong verifier shows that it is looked at. */
  async 'oidcc-ensure-request-with-valid-pkce-succeeds'(suite: Suite) {
    await runFlow(suite);
    const authorization = await authorize(suite);
    const verifier = openid.randomPKCECodeVerifier();
    await expectTokenError(await redeem(suite, { ...authorization, verifier }), 'invalid_grant');
  },

  async 'oidcc-ensure-request-with-unknown-parameter-succeeds'(suite: Suite) {
    await runFlow(suite, { extra: 'foobar' });
  },

  async 'oidcc-idtoken-signature'(suite: Suite) {
    const { idToken } = await runFlow(suite);
    expect(suite.keys.keys.length).toBeGreaterThan(1);
    expect(idToken.header).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
  },
};
