import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';

import { withdrawConsent } from '../../src/revocation/withdraw-consent.ts';
import { backToNow } from './clock.ts';
import { codesAndRefreshes } from './modules/codes-and-refreshes.ts';
import { happyFlows } from './modules/happy-flows.ts';
import { refusals } from './modules/refusals.ts';
import { sessions } from './modules/sessions.ts';
import { userinfo } from './modules/userinfo.ts';
import { wishes } from './modules/wishes.ts';
import { openSuite, type ResponseMode, type Suite } from './suite.ts';

type Module = (suite: Suite) => Promise<void>;

/** In the order of the suite, under its names. */
const PLAN = [
  'oidcc-server',
  'oidcc-response-type-missing',
  'oidcc-idtoken-signature',
  'oidcc-idtoken-unsigned',
  'oidcc-userinfo-get',
  'oidcc-userinfo-post-header',
  'oidcc-userinfo-post-body',
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow',
  'oidcc-scope-profile',
  'oidcc-scope-email',
  'oidcc-scope-address',
  'oidcc-scope-phone',
  'oidcc-scope-all',
  'oidcc-alternate-happy-flow',
  'oidcc-display-page',
  'oidcc-display-popup',
  'oidcc-prompt-login',
  'oidcc-prompt-none-not-logged-in',
  'oidcc-prompt-none-logged-in',
  'oidcc-max-age-1',
  'oidcc-max-age-10000',
  'oidcc-ensure-request-with-unknown-parameter-succeeds',
  'oidcc-id-token-hint',
  'oidcc-login-hint',
  'oidcc-ui-locales',
  'oidcc-claims-locales',
  'oidcc-ensure-request-with-acr-values-succeeds',
  'oidcc-codereuse',
  'oidcc-codereuse-30seconds',
  'oidcc-ensure-registered-redirect-uri',
  'oidcc-ensure-post-request-succeeds',
  'oidcc-server-client-secret-post',
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
  'oidcc-claims-essential',
  'oidcc-ensure-request-object-with-redirect-uri',
  'oidcc-refresh-token',
  'oidcc-ensure-request-with-valid-pkce-succeeds',
] as const;

const MODULES = {
  ...happyFlows,
  ...refusals,
  ...userinfo,
  ...wishes,
  ...sessions,
  ...codesAndRefreshes,
} satisfies Record<(typeof PLAN)[number], Module>;

/** The basic and the form_post plan are the same modules; how the answer travels is the suite's affair. */
export function describeBasicPlan(plan: string, responseMode: ResponseMode): void {
  describe(plan, () => {
    let suite: Suite;

    beforeAll(async () => {
      suite = await openSuite({ responseMode });
    });
    afterAll(() => suite.close());
    afterEach(backToNow);
    afterEach(() => withdrawConsents(suite));

    for (const name of PLAN) test(name, () => MODULES[name](suite));
  });
}

/** The suite's person would else be asked once and never again. */
async function withdrawConsents({
  services,
  person,
  client,
  secondClient,
  postClient,
}: Suite): Promise<void> {
  for (const { id: clientId } of [client, secondClient, postClient]) {
    await withdrawConsent(services, { accountId: person.id, clientId }, { actor: 'test' });
  }
}
