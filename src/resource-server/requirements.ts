import { TokenError } from './token-error.ts';
import type { TokenClaims } from './token-claims.ts';
import type { Requirements } from './verifier.ts';

/** What one route asks for. `skewSeconds` is forgiven in the age of a sign-in as everywhere else. */
export function checkRequirements(
  token: TokenClaims,
  requirements: Requirements,
  nowSeconds: number,
  skewSeconds: number,
): void {
  checkScopes(token, requirements);
  checkAuthentication(token, requirements, nowSeconds - skewSeconds);
}

/** RFC 6750 §3.1. */
function checkScopes({ scopes }: TokenClaims, { scopes: all = [], anyScope = [] }: Requirements): void {
  const hasAll = all.every((scope) => scopes.includes(scope));
  const hasAny = anyScope.length === 0 || anyScope.some((scope) => scopes.includes(scope));
  if (hasAll && hasAny) return;
  throw new TokenError('insufficient_scope', 'The token was not issued for this.', { status: 403 });
}

/** RFC 9470 §5: a token that does not say how or when the person signed in does not meet a requirement of it. */
function checkAuthentication(
  { acr, authTime }: TokenClaims,
  { acrValues, maxAge }: Requirements,
  nowSeconds: number,
): void {
  if (acrValues !== undefined && acrValues.length > 0 && !(acr !== undefined && acrValues.includes(acr))) {
    throw stepUp('A different authentication is needed.');
  }
  if (maxAge !== undefined && !(authTime !== undefined && nowSeconds - authTime <= maxAge)) {
    throw stepUp('A more recent authentication is needed.');
  }
}

function stepUp(message: string): TokenError {
  return new TokenError('insufficient_user_authentication', message, { status: 401 });
}
