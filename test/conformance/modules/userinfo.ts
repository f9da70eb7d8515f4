import { expect } from 'vitest';

import type { Account } from '../../../src/accounts/account.ts';
import type { Parameters } from '../authorize.ts';
import { readUserinfo, runFlow } from '../tokens.ts';
import type { Suite } from '../suite.ts';

/** The userinfo endpoint, and what scopes and the `claims` parameter bring out of it. */
export const userinfo = {
  async 'oidcc-userinfo-get'(suite: Suite) {
    await callUserinfo(suite, (accessToken) => ({ method: 'GET', headers: bearer(accessToken) }));
  },

  async 'oidcc-userinfo-post-header'(suite: Suite) {
    await callUserinfo(suite, (accessToken) => ({ method: 'POST', headers: bearer(accessToken) }));
  },

  /** RFC 6750 §2.2. */
  async 'oidcc-userinfo-post-body'(suite: Suite) {
    await callUserinfo(suite, (accessToken) => ({
      method: 'POST',
      body: new URLSearchParams({ access_token: accessToken }),
    }));
  },

  async 'oidcc-scope-profile'(suite: Suite) {
    await expectClaims(suite, { scope: 'openid profile' }, ['profile']);
  },

  async 'oidcc-scope-email'(suite: Suite) {
    await expectClaims(suite, { scope: 'openid email' }, ['email']);
  },

  async 'oidcc-scope-address'(suite: Suite) {
    await expectClaims(suite, { scope: 'openid address' }, ['address']);
  },

  async 'oidcc-scope-phone'(suite: Suite) {
    await expectClaims(suite, { scope: 'openid phone' }, ['phone']);
  },

  async 'oidcc-scope-all'(suite: Suite) {
    await expectClaims(suite, { scope: 'openid profile email address phone' }, [
      'profile',
      'email',
      'address',
      'phone',
    ]);
  },

  /** OIDC Core §5.5: one claim by name, and no other of its scope with it. */
  async 'oidcc-claims-essential'(suite: Suite) {
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
    const { userinfo, asked } = await runFlow(suite, { claims });
    expect(asked).toEqual(['sign-in', 'consent']);
    expect(userinfo).toEqual({ sub: suite.person.id, name: suite.person.profile.name });
  },
};

function bearer(accessToken: string): Record<string, string> {
  return { Authorization: `Bearer ${accessToken}` };
}

async function callUserinfo(suite: Suite, toRequest: (accessToken: string) => RequestInit): Promise<void> {
  const { accessToken, idToken } = await runFlow(suite);
  const response = await fetch(suite.metadata.userinfo_endpoint ?? '', toRequest(accessToken));
  expect(await readUserinfo(suite.metadata, response, idToken.claims.sub)).toEqual({ sub: suite.person.id });
}

type Scope = 'profile' | 'email' | 'address' | 'phone';

/** Exactly the claims of these scopes, with the person's values. */
async function expectClaims(suite: Suite, parameters: Parameters, scopes: readonly Scope[]): Promise<void> {
  expect(suite.metadata.scopes_supported).toEqual(expect.arrayContaining([...scopes]));
  const { userinfo, asked } = await runFlow(suite, parameters);
  expect(asked).toEqual(['sign-in', 'consent']);
  const claims = claimsByScope(suite.person);
  expect(userinfo).toEqual(Object.assign({ sub: suite.person.id }, ...scopes.map((scope) => claims[scope])));
}

/** OIDC Core §5.4. */
function claimsByScope({ profile, email, emailVerified, username }: Account): Record<Scope, object> {
  const { address, phone_number, phone_number_verified, ...others } = profile;
  return {
    profile: { ...others, preferred_username: username, updated_at: expect.toSatisfy(isMoment) },
    email: { email, email_verified: emailVerified },
    address: { address },
    phone: { phone_number, phone_number_verified },
  };
}

/** OIDC Core §5.1: seconds, not milliseconds, and not in the future. */
function isMoment(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= Date.now() / 1000 + 5;
}
