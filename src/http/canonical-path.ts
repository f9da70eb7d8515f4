import { httpError } from './errors.ts';
import type { Middleware } from './middleware.ts';

/** Anything that could make two spellings of one route: capitals, escapes, empty or dot segments, a trailing slash. */
const SUSPICIOUS = /[^a-z0-9/._~-]|\/\/|\/\.{1,2}(?:\/|$)|.\/$/;

/**
 * The library's router takes `/TOKEN/` for `/token`. A limit, an audit rule or a proxy's rule that knows only `/token`
 * would be stepped around, so every path but the canonical spelling is unknown here.
 *
 * `dynamic` lists the routes that carry a value, `/reg/:clientId`: a `:value` is one segment of `A-Z a-z 0-9 . _ ~ -`, a `:value*`
 * may be escaped as `encodeURIComponent` does it and in no other way; everything else of a path is lower case.
 */
export function canonicalPath({ dynamic }: { dynamic: readonly string[] }): Middleware {
  const patterns = dynamic.map(patternOf);
  return function refuseOtherSpellings(ctx, next) {
    const { path } = ctx;
    if (SUSPICIOUS.test(path) && !(patterns.some((pattern) => pattern.test(path)) && isPlain(path))) {
      throw httpError('not_found', 'There is nothing at this address.');
    }
    return next();
  };
}

function patternOf(route: string): RegExp {
  const segments = route.split('/').map((segment) => {
    if (!segment.startsWith(':')) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const characters = segment.endsWith('*') ? "[A-Za-z0-9._~!'()*%-]" : '[A-Za-z0-9._~-]';
    return `(?!\\.{1,2}(?:/|$))${characters}+`;
  });
  return new RegExp(`^${segments.join('/')}$`);
}

/** Each escape stands for what has to be escaped, and is spelled in the one way there is. */
function isPlain(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    return path.split('/').every((segment) => encodeURIComponent(decodeURIComponent(segment)) === segment);
  } catch {
    return false;
  }
}
