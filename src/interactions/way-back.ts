import type { Context } from 'koa';

import type { WayBack } from '../accounts/link.ts';
import { equal } from '../crypto/digest.ts';
import type { Secrets } from '../crypto/secrets.ts';
import { csrfToken } from '../http/csrf.ts';
import type { Interactions } from '../oidc/interactions.ts';

/** Where people go who have no sign-in to go back to. It asks them to sign in. */
const HOME = '/account';

/**
 * To the sign-in that this request belongs to. Its own cookie is sent to its own path alone, so the browser is told by the
 * seed of its csrf tokens, with a binding that no form has.
 */
export function wayBackTo(secrets: Secrets, ctx: Context, interactionUid: string): WayBack {
  return { interactionUid, mark: markOf(secrets, ctx, interactionUid) };
}

/** The sign-in that a link was asked for in, if it is still open and was begun in this browser. */
export async function destinationAfterLink(
  secrets: Secrets,
  interactions: Interactions,
  ctx: Context,
  wayBack: WayBack | null,
): Promise<string> {
  if (!wayBack) return HOME;
  const { interactionUid, mark } = wayBack;
  const isThisBrowser = equal(Buffer.from(markOf(secrets, ctx, interactionUid)), Buffer.from(mark));
  const isOpen = isThisBrowser && (await interactions.isOpen(interactionUid));
  return isOpen ? `/interaction/${interactionUid}` : HOME;
}

function markOf(secrets: Secrets, ctx: Context, interactionUid: string): string {
  return csrfToken(secrets, ctx, `way back to ${interactionUid}`);
}
