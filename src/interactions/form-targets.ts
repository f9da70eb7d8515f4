import type { Interaction } from '../oidc/interactions.ts';

/**
 * Chromium applies `form-action` to every redirect after a post: back to the client, and from its callback on to wherever
 * the client goes. Its own home page is the one place beyond the callback that we know of.
 */
export function formTargetsOf({ redirectUri, client }: Interaction): readonly (string | undefined)[] {
  return redirectUri === undefined ? [] : [redirectUri, client.clientUri];
}
