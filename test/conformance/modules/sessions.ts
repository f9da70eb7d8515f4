import { expect } from 'vitest';

import { authorize, expectError } from '../authorize.ts';
import { letPass } from '../clock.ts';
import { runFlow, type Flow } from '../tokens.ts';
import type { Suite } from '../suite.ts';

/** Who is signed in already, and when they must do it again: `prompt`, `max_age`, `id_token_hint`. */
export const sessions = {
  async 'oidcc-prompt-login'(suite: Suite) {
    const first = await runFlow(suite, { max_age: '15000' });
    letPass(1);
    const second = await runFlow(suite, { prompt: 'login', max_age: '15000' }, first);
    expect(second.asked).toEqual(['sign-in']);
    expect(second.idToken.claims.sub).toBe(first.idToken.claims.sub);
    expect(authTime(second)).toBeGreaterThan(authTime(first));
  },

  async 'oidcc-prompt-none-not-logged-in'(suite: Suite) {
    const authorization = await authorize(suite, { prompt: 'none' });
    expect(authorization.asked).toEqual([]);
    expect(expectError(authorization, suite.issuer)).toBe('login_required');
  },

  async 'oidcc-prompt-none-logged-in'(suite: Suite) {
    const first = await runFlow(suite);
    letPass(1);
    expectSameSignIn(first, await runFlow(suite, { prompt: 'none' }, first));
  },

  /** OIDC Core §3.1.2.1: `max_age` counts from the sign-in and brings `auth_time` along. */
  async 'oidcc-max-age-1'(suite: Suite) {
    const first = await runFlow(suite);
    letPass(2);
    const second = await runFlow(suite, { max_age: '1' }, first);
    expect(second.asked).toEqual(['sign-in']);
    expect(authTime(second)).toBeGreaterThan(first.idToken.claims.iat);
    expect(Math.abs(authTime(second) - Math.floor(Date.now() / 1000))).toBeLessThanOrEqual(5);
  },

  async 'oidcc-max-age-10000'(suite: Suite) {
    const first = await runFlow(suite, { max_age: '15000' });
    letPass(1);
    const second = await runFlow(suite, { max_age: '10000' }, first);
    expectSameSignIn(first, second);
    expect(authTime(second)).toBe(authTime(first));
  },

  async 'oidcc-id-token-hint'(suite: Suite) {
    const first = await runFlow(suite);
    const hint = { prompt: 'none', id_token_hint: first.idToken.jwt };
    expectSameSignIn(first, await runFlow(suite, hint, first));
  },
};

function authTime({ idToken }: Flow): number {
  const { auth_time: seconds } = idToken.claims;
  if (seconds === undefined) throw new Error('no auth_time in the ID token');
  return seconds;
}

/** Nobody was asked anything, and the ID token tells of the same sign-in. */
function expectSameSignIn(first: Flow, second: Flow): void {
  expect(second.asked).toEqual([]);
  const { sub, auth_time: at, sid } = first.idToken.claims;
  const { claims } = second.idToken;
  expect(claims.sub).toBe(sub);
  if (at !== undefined && claims.auth_time !== undefined) expect(claims.auth_time).toBe(at);
  if (sid !== undefined && claims.sid !== undefined) expect(claims.sid).toBe(sid);
}
