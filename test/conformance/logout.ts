import { randomBytes } from 'node:crypto';

import { expect } from 'vitest';

import type { Page } from '../support/browser-walker.ts';
import { authorize, expectError, type Parameters } from './authorize.ts';
import { POST_LOGOUT, type Suite } from './suite.ts';
import { runFlow, type Flow } from './tokens.ts';

/** RP-Initiated Logout §2: a long `state`, to see that it comes back as it was. */
export const randomState = (): string => randomBytes(64).toString('hex');

/** Brings the person to the end_session_endpoint with the suite's parameters, or without those set to undefined. */
export async function requestLogout(
  suite: Suite,
  flow: Flow,
  parameters: Parameters = {},
  method: 'GET' | 'POST' = 'GET',
): Promise<Page> {
  const endpoint = String(suite.metadata['end_session_endpoint']);
  const fields = Object.entries({
    id_token_hint: flow.idToken.jwt,
    post_logout_redirect_uri: flow.client.postLogoutRedirectUri,
    state: randomState(),
    ...parameters,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (method === 'GET') return flow.browser.visit(`${endpoint}?${new URLSearchParams(fields)}`);
  const form = suite.receiver.formPage(endpoint, Object.fromEntries(fields));
  return flow.browser.submit(await flow.browser.visit(form));
}

/** Signing out is always the person's own decision: a link from anywhere must not do it. */
export function confirmLogout({ browser }: Flow, page: Page): Promise<Page> {
  expect(page.status).toBe(200);
  expect(page.leavesTo).toBeUndefined();
  return browser.submit(page, {}, { name: 'logout', value: 'yes' });
}

/** What came back to the client's post_logout_redirect_uri. */
export async function returnToClient({ receiver }: Suite, { leavesTo }: Page): Promise<URLSearchParams> {
  if (!leavesTo) throw new Error('the person was not sent back to the client');
  await (await fetch(leavesTo)).body?.cancel();
  const { method, url } = await receiver.take(POST_LOGOUT);
  expect(method).toBe('GET');
  return url.searchParams;
}

/** OIDC Core §3.1.2.6: nobody is there any more, and what the session's tokens opened is closed. */
export async function expectSignedOut(suite: Suite, { browser, accessToken }: Flow): Promise<void> {
  const again = await authorize(suite, { prompt: 'none' }, { browser });
  expect(expectError(again, suite.issuer)).toBe('login_required');
  const headers = { Authorization: `Bearer ${accessToken}` };
  const response = await fetch(suite.metadata.userinfo_endpoint ?? '', { headers });
  await response.body?.cancel();
  expect(response.status).toBe(401);
}

export async function expectSignedIn(suite: Suite, { browser }: Flow): Promise<void> {
  const { asked } = await runFlow(suite, { prompt: 'none' }, { browser });
  expect(asked).toEqual([]);
}
