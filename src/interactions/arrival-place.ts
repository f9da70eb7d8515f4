import type { RequestOrigin } from '../upstream/request.ts';

/** As `upstream/ask.ts` makes them. */
export const STATE = /^[A-Za-z0-9_-]{43}$/;

/** Where the browser that began a request shows that it is the one, and the answer is read. */
export function placeOfArrival(origin: RequestOrigin, state: string): string {
  return origin.purpose === 'sign-in'
    ? `/interaction/${origin.interactionUid}/arrive/${state}`
    : `/account/identities/arrive/${state}`;
}
