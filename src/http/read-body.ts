import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import { httpError } from './errors.ts';
import { BODY_BYTES_MAX, bodyTooLarge } from './limits.ts';
import { stateOf, type Middleware } from './middleware.ts';
import { isWellFormedEncoding, isWellFormedJson, malformed } from './well-formed.ts';

/**
 * Reads a form or JSON body, checks it, and puts it back, so that whoever comes next (the library reads streams, and
 * warns about bodies parsed by others) finds the stream as if nobody had touched it. The text stays in
 * `ctx.state.bodyText`. Other media types pass unread; the library refuses them by their header.
 */
export function checkBody(): Middleware {
  return async function refuseMalformedBody(ctx, next) {
    const kind = ctx.is('urlencoded', 'json');
    if (kind && ctx.req.headers['content-length'] !== '0') await check(ctx, kind);
    return next();
  };
}

/** The fields of the form that was posted; empty when there was none. Of repeated fields the caller sees all. */
export function readForm(ctx: Koa.Context): URLSearchParams {
  return new URLSearchParams(ctx.is('urlencoded') ? (stateOf(ctx).bodyText ?? '') : '');
}

async function check(ctx: Koa.Context, kind: string): Promise<void> {
  // The library decodes by the charset that the header names: in another one, what we checked is not what it reads.
  const charset = ctx.request.charset.toLowerCase();
  if (charset && charset !== 'utf-8' && charset !== 'utf8') {
    throw httpError('unsupported_media_type', 'The body must be UTF-8.');
  }
  const bytes = await peek(ctx.req);
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
  const text = bytes.toString();
  const good =
    kind === 'urlencoded' ? isWellFormedEncoding(text) : !text.includes('\0') && isWellFormedJson(text);
  if (!good) throw malformed('The body contains characters that are not allowed or not encoded properly.');
  stateOf(ctx).bodyText = text;
}

/**
 * Collects the body and gives it back with `unshift`, which Node allows until the stream has told its end; a stream
 * tells it in a later tick than the read that emptied it.
 */
function peek(req: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let received = 0;

  function read(): void {
    for (let chunk: Buffer | null; (chunk = req.read() as Buffer | null) !== null;) {
      received += chunk.length;
      if (received > BODY_BYTES_MAX) return settle(bodyTooLarge());
      chunks.push(chunk);
    }
    if (!req.complete) return;
    const body = Buffer.concat(chunks, received);
    if (received > 0) req.unshift(body);
    settle(undefined, body);
  }

  function gone(): void {
    settle(httpError('malformed_request', 'The body ended before its end.'));
  }

  function settle(error: Error | undefined, body = Buffer.alloc(0)): void {
    req.off('readable', read).off('error', gone).off('close', gone);
    if (error) reject(error);
    else resolve(body);
  }

  req.on('readable', read).on('error', gone).on('close', gone);
  return promise;
}
