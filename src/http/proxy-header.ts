import type Koa from 'koa';
import { httpError } from './errors.ts';
import { stateOf } from './middleware.ts';

/** Longest of them that is read. An escaped certificate of an RSA-4096 key is about 3 kB; all headers together have 16. */
const VALUE_LENGTH_MAX = 8 * 1024;

/**
 * What a trusted proxy says about its peer in a header; from anybody else, nothing. It is read from the raw header lines,
 * because `ctx.headers` has lost these names (client-address.ts) and would have joined two lines into one value. A proxy
 * that adds its line to the client's instead of replacing it is misconfigured, so two lines are refused.
 */
export function proxyHeader(ctx: Koa.Context, name: string): string | undefined {
  if (!stateOf(ctx).fromProxy) return undefined;
  const values = linesOf(ctx.req.rawHeaders, name.toLowerCase());
  if (values.length > 1) throw httpError('malformed_request', `There is more than one ${name} header.`);
  const value = values[0]?.trim() ?? '';
  if (value.length > VALUE_LENGTH_MAX)
    throw httpError('malformed_request', `The ${name} header is too long.`);
  return value === '' ? undefined : value;
}

/** Every line of one header, in order. */
export function linesOf(rawHeaders: readonly string[], lowerName: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === lowerName.length && name.toLowerCase() === lowerName) {
      values.push(rawHeaders[index + 1] ?? '');
    }
  }
  return values;
}
