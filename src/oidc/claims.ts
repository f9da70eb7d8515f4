import { errors, type AccountClaims, type Configuration } from 'oidc-provider';

import type { Account } from '../accounts/account.ts';
import { checkEssentialAcr } from './demand.ts';

/** OIDC Core §5.4: which scope releases which claim. */
export const CLAIMS: NonNullable<Configuration['claims']> = {
  // How, how strongly and when the person signed in is told in every ID token, asked for or not.
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** All that is known; the library releases what was granted. */
export function claimsOf(account: Account): AccountClaims {
  return {
    ...account.profile,
    sub: account.id,
    ...(account.username === null ? {} : { preferred_username: account.username }),
    ...(account.email === null ? {} : { email: account.email, email_verified: account.emailVerified }),
    updated_at: Math.floor(account.updatedAt.getTime() / 1000),
  };
}

type ClaimsParameter = NonNullable<NonNullable<Configuration['features']>['claimsParameter']>;

/**
 * OIDC Core §5.5: claims asked for by name. Each is null or an object, which the library takes for granted. One is worth
 * what its scope is: a client that may not have the scope may not have the claim.
 */
export const assertClaimsParameter: NonNullable<ClaimsParameter['assertClaimsParameter']> = async (
  _ctx,
  { userinfo = {}, id_token = {} },
  client,
) => {
  const asked = [...Object.entries(userinfo), ...Object.entries(id_token)];
  const odd = asked.find(([, value]) => typeof value !== 'object' || Array.isArray(value));
  if (odd) throw new errors.InvalidRequest('each of the claims should be null or an object');
  checkEssentialAcr(id_token['acr']);
  if (client.scope === undefined) return;
  const allowed = new Set(client.scope.split(' '));
  const refused = scopesOf(asked.map(([name]) => name)).find((scope) => !allowed.has(scope));
  if (refused !== undefined) {
    throw new errors.InvalidRequest(`the client may not ask for claims of the scope ${refused}`);
  }
};

/** The scopes that release these claims, which is how a person is asked about them. */
export function scopesOf(claims: readonly string[]): string[] {
  const asked = new Set(claims);
  const matching = Object.entries(CLAIMS).filter(
    ([, released]) =>
      Array.isArray(released) && released.some((claim) => claim !== 'sub' && asked.has(claim)),
  );
  return matching.map(([scope]) => scope);
}
