import { z } from 'zod';

import type { Account } from '../accounts/account.ts';
import { identifier, instant, text, toInstant, toInstantOrNull } from './document.ts';

const address = z.strictObject({
  formatted: text.optional(),
  street_address: text.optional(),
  locality: text.optional(),
  region: text.optional(),
  postal_code: text.optional(),
  country: text.optional(),
});

/** OIDC Core §5.1 standard claims; those missing here are members of the account. */
export const profileDocument = z
  .strictObject({
    name: text,
    given_name: text,
    family_name: text,
    middle_name: text,
    nickname: text,
    profile: text,
    picture: text,
    website: text,
    gender: text,
    birthdate: text,
    zoneinfo: text,
    locale: text,
    phone_number: text,
    phone_number_verified: z.boolean(),
    address,
  })
  .partial();

export const userDocument = z.strictObject({
  id: identifier.describe('The OIDC `sub`'),
  username: z.string().nullable(),
  email: z.string().nullable(),
  email_verified: z.boolean(),
  profile: profileDocument,
  has_password: z.boolean(),
  password_changed_at: instant.nullable(),
  password_change_required: z.boolean(),
  disabled_at: instant.nullable(),
  created_at: instant,
  updated_at: instant,
});

export type UserDocument = z.output<typeof userDocument>;

export function accountToJson(account: Account): UserDocument {
  return {
    id: account.id,
    username: account.username,
    email: account.email,
    email_verified: account.emailVerified,
    profile: { ...account.profile },
    has_password: account.hasPassword,
    password_changed_at: toInstantOrNull(account.passwordChangedAt),
    password_change_required: account.passwordChangeRequired,
    disabled_at: toInstantOrNull(account.disabledAt),
    created_at: toInstant(account.createdAt),
    updated_at: toInstant(account.updatedAt),
  };
}
