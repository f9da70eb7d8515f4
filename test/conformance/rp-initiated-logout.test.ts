import { decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Page } from '../support/browser-walker.ts';
import {
  confirmLogout,
  expectSignedIn,
  expectSignedOut,
  randomState,
  requestLogout,
  returnToClient,
} from './logout.ts';
import { openSuite, POST_LOGOUT, type Suite } from './suite.ts';
import { runFlow } from './tokens.ts';

describe('oidcc-rp-initiated-logout-certification-test-plan', () => {
  let suite: Suite;

  beforeAll(async () => {
    suite = await openSuite();
  });
  afterAll(() => suite.close());

  test('oidcc-rp-initiated-logout-discovery-endpoint-verification', () => {
    expect(suite.metadata['end_session_endpoint']).toBe(`${suite.issuer}/session/end`);
  });

  test('oidcc-rp-initiated-logout', async () => {
    for (const method of ['GET', 'POST'] as const) {
      const flow = await runFlow(suite);
      const state = randomState();
      const page = await requestLogout(suite, flow, { state }, method);
      const params = await returnToClient(suite, await confirmLogout(flow, page));
      expect(Object.fromEntries(params)).toEqual({ state });
      await expectSignedOut(suite, flow);
    }
  });

  test('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', async () => {
    await expectRefusal({ post_logout_redirect_uri: `${suite.receiver.origin}${POST_LOGOUT}/bad` });
  });

  test('oidcc-rp-initiated-logout-modified-id-token-hint', async () => {
    await expectRefusal(({ jwt }) => ({ id_token_hint: new UnsecuredJWT(decodeJwt(jwt)).encode() }));
  });

  /** Whoever names no client gets no redirect, and the person still decides. */
  test('oidcc-rp-initiated-logout-no-id-token-hint', async () => {
    await expectLogoutHere({ id_token_hint: undefined });
  });

  test('oidcc-rp-initiated-logout-no-params', async () => {
    await expectLogoutHere({
      id_token_hint: undefined,
      post_logout_redirect_uri: undefined,
      state: undefined,
    });
  });

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
    await expectLogoutHere({ post_logout_redirect_uri: undefined });
  });

  test('oidcc-rp-initiated-logout-no-state', async () => {
    const flow = await runFlow(suite);
    const page = await requestLogout(suite, flow, { state: undefined });
    const params = await returnToClient(suite, await confirmLogout(flow, page));
    expect([...params.keys()]).toEqual([]);
    await expectSignedOut(suite, flow);
  });

  test('oidcc-rp-initiated-logout-only-state', async () => {
    await expectLogoutHere({ id_token_hint: undefined, post_logout_redirect_uri: undefined });
  });

  test('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', async () => {
    await expectRefusal({ post_logout_redirect_uri: `${suite.client.postLogoutRedirectUri}?foo=bar` });
  });

  test('oidcc-rp-initiated-logout-bad-id-token-hint', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const kid = suite.keys.keys.find(({ alg }) => alg === 'RS256')?.kid ?? '';
    const hints = [{ alg: 'RS256' }, { alg: 'RS256', kid }];
    for (const header of hints) {
      await expectRefusal(async ({ jwt }) => ({
        id_token_hint: await new SignJWT(decodeJwt(jwt)).setProtectedHeader(header).sign(privateKey),
      }));
    }
  });

  type Changes = Readonly<Record<string, string | undefined>>;
  type Change = Changes | ((idToken: { jwt: string }) => Changes | Promise<Changes>);

  /** An error page, nobody is sent anywhere, and the session goes on. */
  async function expectRefusal(change: Change): Promise<void> {
    const flow = await runFlow(suite);
    const changes = typeof change === 'function' ? await change(flow.idToken) : change;
    const page = await requestLogout(suite, flow, changes);
    expect(page.status).toBe(400);
    expectToStay(page);
    expect(page.forms).toEqual([]);
    expect(page.heading).not.toBe('');
    await expectSignedIn(suite, flow);
  }

  /** The person is asked, signed out and told so, without going back to the client. */
  async function expectLogoutHere(changes: Changes): Promise<void> {
    const flow = await runFlow(suite);
    const done = await confirmLogout(flow, await requestLogout(suite, flow, changes));
    expect(done.status).toBe(200);
    expect(done.url.pathname).toBe('/session/end/success');
    expect(done.heading).toBe('You are signed out');
    expectToStay(done);
    await expectSignedOut(suite, flow);
  }

  function expectToStay({ leavesTo }: Page): void {
    expect(leavesTo).toBeUndefined();
    expect(suite.receiver.count(POST_LOGOUT)).toBe(0);
  }
});
