/**
 * Milliseconds from `then` to `now`. A clock that was set back does not know how long ago something was: then it is older than
 * anything, and what depends on it is made sure of anew.
 */
export function ageOf(then: number, now: number): number {
  return then > now ? Infinity : now - then;
}
