import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import { httpError } from './errors.ts';
import { BODY_BYTES_MAX, bodyTooLarge } from './limits.ts';
import { stateOf, type Middleware } from './middleware.ts';
import { isShallowJson, isWellFormedEncoding, isWellFormedJson, malformed } from './well-formed.ts';

/**
 * Reads a form or JSON body, checks it, and puts it back, so that whoever comes next finds the stream as if nobody had
 * touched it: the library reads streams itself and complains about bodies that others have parsed. The text stays in
 * `ctx.state.bodyText`. Other media types pass unread; the library refuses them by their header.
 */
export function checkBody(): Middleware {
  return async function refuseMalformedBody(ctx, next) {
    const kind = hasBody(ctx.req) && ctx.is('urlencoded', 'json', '+json');
    if (kind) stateOf(ctx).bodyText = await checkedText(ctx, kind);
    return next();
  };
}

/** The fields of the form that was posted; empty when there was none. */
export function readForm(ctx: Koa.Context): URLSearchParams {
  return new URLSearchParams(ctx.is('urlencoded') ? (stateOf(ctx).bodyText ?? '') : '');
}

function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return length === undefined ? req.headers['transfer-encoding'] !== undefined : length !== '0';
}

async function checkedText(ctx: Koa.Context, kind: string): Promise<string> {
  // The library decodes by the charset that the header names: in another one, what we check is not what it reads.
  if (!/^(?:utf-?8)?$/i.test(ctx.request.charset)) {
    throw httpError('unsupported_media_type', 'The body must be UTF-8.');
  }
  const bytes = await peek(ctx.req);
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
  const text = bytes.toString();
  const isFine =
    kind !== 'urlencoded' ? !text.includes('\0') && isWellFormedJson(text) : isWellFormedEncoding(text);
  if (kind !== 'urlencoded' && !isShallowJson(text)) throw malformed('The body is nested too deeply.');
  if (!isFine) throw malformed('The body contains characters that are not allowed or not encoded properly.');
  return text;
}

/**
 * Collects the whole body and gives it back with `unshift`. A stream takes data back until it has emitted `end`, which it
 * does in a later tick than the read that emptied it, so there is time for that within `read`.
 */
function peek(req: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let received = 0;

  function read(): void {
    for (let chunk = nextChunk(req); chunk; chunk = nextChunk(req)) {
      received += chunk.length;
      chunks.push(chunk);
      if (received > BODY_BYTES_MAX) return settle(bodyTooLarge());
    }
    if (!req.complete) return;
    const body = Buffer.concat(chunks, received);
    if (received > 0) req.unshift(body);
    settle(body);
  }

  function breakOff(): void {
    settle(malformed('The body ended early.'));
  }

  function settle(outcome: Buffer | Error): void {
    req.off('readable', read).off('error', breakOff).off('close', breakOff);
    if (outcome instanceof Error) reject(outcome);
    else resolve(outcome);
  }

  req.on('readable', read).on('error', breakOff).on('close', breakOff);
  // Nothing more will be emitted about a connection that was lost before we listened.
  if (req.destroyed) breakOff();
  return promise;
}

function nextChunk(req: IncomingMessage): Buffer | undefined {
  const chunk: unknown = req.read();
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}
