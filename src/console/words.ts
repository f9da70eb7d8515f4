import type { z } from 'zod';

import type { revokedDocument } from '../documents/revoked.ts';
import { count } from '../words.ts';

/** The end of a sentence: what an operation ended, and by when everybody knows. */
export function endedInWords({
  tokens_revoked: tokens,
  known_by: by,
}: z.output<typeof revokedDocument>): string {
  if (tokens === 0) return 'and no access token of it was alive.';
  const ended = count(tokens, 'access token');
  return `and ${ended} of it ${tokens === 1 ? 'is' : 'are'} revoked: APIs that follow the stream know within a second, every other by ${by}.`;
}
