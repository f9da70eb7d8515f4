import type { LedgerEntry } from './store.ts';

export interface TokenFinder {
  findToken(key: { jti: string; expiresAt: Date }): Promise<LedgerEntry | undefined>;
}

/**
 * The ledger row of a token of ours whose signature is good; undefined when nobody recorded it, and then it does not exist,
 * whoever signed it. `exp` is part of the key, because it names the partition.
 */
export async function findOwnToken(
  records: TokenFinder,
  claims: { readonly jti?: string | undefined; readonly exp?: number | undefined },
): Promise<LedgerEntry | undefined> {
  const { jti, exp } = claims;
  if (typeof jti !== 'string' || typeof exp !== 'number') return undefined;
  return records.findToken({ jti, expiresAt: new Date(exp * 1000) });
}
