import { z } from 'zod';

import type { Account } from '../accounts/account.ts';
import type { NewAccount } from '../accounts/create-account.ts';
import type { AccountChanges } from '../accounts/update-account.ts';
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

/** Nobody but the person knows their password: they choose it by a link that is mailed to them. */
export const newUserDocument = z
  .strictObject({
    username: text,
    email: text,
    email_verified: z.boolean().describe('The address is known to be theirs'),
    profile: profileDocument,
  })
  .partial();

const profileChanges = z.strictObject(
  Object.fromEntries(
    Object.entries(profileDocument.shape).map(([claim, schema]) => [claim, z.nullable(schema)]),
  ) as { [K in keyof typeof profileDocument.shape]: z.ZodNullable<(typeof profileDocument.shape)[K]> },
);

/** RFC 7396: what is not mentioned stays, `null` takes a member away; `address` is replaced whole. */
export const userChangesDocument = z
  .strictObject({
    username: text.nullable(),
    email: text.nullable(),
    email_verified: z.boolean(),
    profile: profileChanges,
  })
  .partial();

export function toNewAccount(document: z.output<typeof newUserDocument>): Omit<NewAccount, 'actor'> {
  return {
    username: document.username,
    email: document.email,
    emailVerified: document.email_verified,
    profile: document.profile,
  };
}

export function toAccountChanges(document: z.output<typeof userChangesDocument>): AccountChanges {
  return {
    username: document.username,
    email: document.email,
    emailVerified: document.email_verified,
    profile: document.profile,
  };
}

/** What somebody makes themselves an account with. */
export const newInvitationDocument = z.strictObject({
  email: text,
  name: text.optional().describe('Which they can change'),
});

export const invitationDocument = z.strictObject({
  email: z.string(),
  url: z.string().describe('To be handed on, shown this once; the mail has a link of its own'),
  expires_at: instant,
  mailed: z.boolean().describe('A mail is on its way; false where there is no mail server'),
});

export function invitationToJson(made: {
  readonly email: string;
  readonly url: string;
  readonly expiresAt: Date;
  readonly isMailed: boolean;
}): z.output<typeof invitationDocument> {
  return {
    email: made.email,
    url: made.url,
    expires_at: toInstant(made.expiresAt),
    mailed: made.isMailed,
  };
}
