import type Koa from 'koa';

import { bearerToken } from '../http/bearer-token.ts';
import type { Limits } from '../limits/limits.ts';
import { TokenError, type TokenErrorReason } from '../resource-server/token-error.ts';

/** What a token can be refused for that was never issued here. */
const REASONS: ReadonlySet<TokenErrorReason | undefined> = new Set([
  'malformed',
  'type',
  'algorithm',
  'unknown_key',
  'signature',
  'issuer',
  'claims',
] as const);

/** Ends scanning for tokens by whoever is at an address: throws a 429 in place of the refusal. */
export async function throttleScans(
  { limits }: { limits: Limits },
  koa: Koa.Context,
  error: unknown,
): Promise<void> {
  if (!(error instanceof TokenError) || error.code !== 'invalid_token' || !REASONS.has(error.reason)) return;
  await limits.unknownToken(koa, bearerToken(koa) ?? '');
}
