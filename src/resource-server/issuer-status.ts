import type { JWTPayload } from 'jose';

import { ageOf } from './age.ts';
import { describe, type Issuer } from './issuer-context.ts';
import { invalidToken } from './refusal.ts';
import { statusAt } from './status-bits.ts';
import { readStatusReference, type StatusReference } from './status-claim.ts';
import type { StatusLists } from './status-lists.ts';
import type { StatusSource, TokenStatus } from './verifier.ts';

/** A list is not fetched again for an index that it does not have when it came so lately. */
const LATELY_MS = 1_000;

/**
 * Whether a token was revoked, by the issuer's lists: at once where the list in memory is good. Where none can be had, `allowUntilMs`
 * decides: for so long after the last good answer a token counts as it did then; undefined denies.
 */
export function createIssuerStatus(
  issuer: Issuer,
  lists: StatusLists,
  allowUntilMs: number | undefined,
): StatusSource {
  const { now } = issuer;

  async function load(reference: StatusReference): Promise<TokenStatus> {
    const { uri, idx } = reference;
    if (lists.isFailing(uri)) return lastAnswer(reference);
    try {
      const list = await lists.load(uri);
      return statusAt(list, idx) ?? outOfRange();
    } catch (error) {
      if (error instanceof OutOfRange) throw invalidToken('claims', error.message, error);
      issuer.tell({ type: 'status-unavailable', reason: `${uri}: ${describe(error)}` });
      return lastAnswer(reference);
    }
  }

  function lastAnswer({ uri, idx }: StatusReference): TokenStatus {
    const list = lists.find(uri);
    const status = list && statusAt(list, idx);
    if (!list || status === undefined) return 'unavailable';
    // What was revoked stays so.
    if (status !== 'valid') return status;
    const isAllowed = allowUntilMs !== undefined && lists.ageOf(list) <= allowUntilMs;
    return isAllowed ? 'valid' : 'unavailable';
  }

  return {
    statusOf(claims: JWTPayload) {
      const reference = readStatusReference(claims['status'], issuer.url);
      if (!reference) return 'valid';
      const list = lists.find(reference.uri);
      if (!list || !lists.isGood(list)) return load(reference);
      lists.touch(list);
      const status = statusAt(list, reference.idx);
      if (status !== undefined) return status;
      if (ageOf(list.confirmedAt, now()) >= LATELY_MS) return load(reference);
      throw invalidToken('claims', OUT_OF_RANGE);
    },
  };
}

const OUT_OF_RANGE = 'The status list of the token does not have its index.';

class OutOfRange extends Error {}

/** Token Status List §8.3: a token whose index is not in the list must not be accepted. */
function outOfRange(): never {
  throw new OutOfRange(OUT_OF_RANGE);
}
