import type { Context } from 'koa';

/** The token of an Authorization header (RFC 6750 §2.1, RFC 9449 §7.1), well formed or not; undefined: there is none. */
export function bearerToken(ctx: Context): string | undefined {
  return /^(?:bearer|dpop) +(\S.*)$/i.exec(ctx.get('authorization'))?.[1];
}
