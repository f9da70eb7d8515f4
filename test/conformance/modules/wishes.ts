import { expect } from 'vitest';

import { runFlow } from '../tokens.ts';
import type { Suite } from '../suite.ts';

/** Parameters that ask for something without insisting: they may be heeded and must not be an error (OIDC Core §15.1). */
export const wishes = {
  async 'oidcc-display-page'(suite: Suite) {
    await runFlow(suite, { display: 'page' });
  },

  async 'oidcc-display-popup'(suite: Suite) {
    await runFlow(suite, { display: 'popup' });
  },

  async 'oidcc-login-hint'(suite: Suite) {
    const { asked } = await runFlow(suite, { login_hint: suite.person.email ?? '' });
    expect(asked).toEqual(['sign-in', 'consent']);
  },

  async 'oidcc-ui-locales'(suite: Suite) {
    await runFlow(suite, { ui_locales: 'se' });
    await runFlow(suite, { ui_locales: 'fr-CA fr en' });
  },

  async 'oidcc-claims-locales'(suite: Suite) {
    await runFlow(suite, { claims_locales: 'se' });
  },

  async 'oidcc-ensure-request-with-acr-values-succeeds'(suite: Suite) {
    const supported = suite.metadata.acr_values_supported ?? ['1', '2'];
    const { idToken } = await runFlow(suite, { acr_values: supported.join(' ') });
    expect(supported).toContain(idToken.claims.acr);
  },
};
