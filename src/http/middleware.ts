import type Koa from 'koa';

/**
 * The generic web things that stand in front of every route: who is calling, is the request well formed, within its
 * limits and meant for us, how an error looks, what a page may load. Nothing here knows OAuth, accounts or clients.
 * Each middleware is made by a factory that takes what it needs and returns one named function; `app.ts` puts them in
 * their running order. Rules: RFC 9110, RFC 9112, RFC 9457, RFC 6585, RFC 9700 §4.16 and §4.13.
 */
export type Middleware = (ctx: Koa.Context, next: Koa.Next) => Promise<void>;

/** One after the other, but not for the paths that are `excepted`: those have as many steps fewer to go. */
export function except(isExcepted: (path: string) => boolean, inner: readonly Middleware[]): Middleware {
  return function goThroughOthers(ctx, next) {
    if (isExcepted(ctx.path)) return next();
    const go = (at: number): Promise<void> => {
      const step = inner[at];
      return step ? step(ctx, () => go(at + 1)) : next();
    };
    return go(0);
  };
}

/** What the first middleware learn about a request and later code may rely on. */
export interface RequestState {
  /** `req_…`, repeated in the X-Request-Id header, in every error and in every log line. */
  requestId: string;
  /** Canonical text of the client's address; `unknown` when the peer was gone before we could ask. */
  address: string;
  /** The peer is one of our trusted proxies: what it says about the request may be believed (proxy-header.ts). */
  fromProxy: boolean;
  /** Somebody else sent headers that only a proxy may send; nobody gets to read them. */
  spoofedHeaders?: true;
  /** The text of an urlencoded or JSON body, checked and still readable from the stream. */
  bodyText?: string;
  /** Drawn in this request for its csrf tokens, when the browser brought none. */
  csrfSeed?: string;
}

/** The typed view of Koa's untyped `ctx.state`. */
export function stateOf(ctx: Koa.Context): RequestState {
  return ctx.state;
}

/** The path as sent, for places where the target may still be anything; Koa's `ctx.path` throws on some of it. */
export function pathOf(ctx: Koa.Context): string {
  return ctx.req.url?.split('?', 1)[0] ?? '';
}
