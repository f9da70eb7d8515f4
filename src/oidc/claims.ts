import type { AccountClaims, Configuration } from 'oidc-provider';

import type { Account } from '../accounts/account.ts';

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
