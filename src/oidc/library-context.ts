import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';

import { stateOf } from '../http/middleware.ts';

export type LibraryContext = KoaContextWithOIDC['oidc'];

/** What the library knows of the request; undefined where no route of its matched. */
export function oidcOf(ctx: Context): LibraryContext | undefined {
  return ctx['oidc'] as LibraryContext | undefined;
}

/** Under which an operator finds what happened in the logs. */
export function requestIdOf(ctx: object): string {
  return stateOf(ctx as Context).requestId;
}
