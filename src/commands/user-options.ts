import { z } from 'zod';

import { texts } from './parse.ts';
import { UsageError } from './usage-error.ts';

const claim = z.string().optional();

export const userOptions = z.object({
  email: z.string().optional(),
  emailVerified: z.boolean().optional(),
  username: z.string().optional(),
  name: claim,
  givenName: claim,
  familyName: claim,
  middleName: claim,
  nickname: claim,
  profile: claim,
  picture: claim,
  website: claim,
  gender: claim,
  birthdate: claim,
  zoneinfo: claim,
  locale: claim,
  phoneNumber: claim,
  phoneNumberVerified: z.boolean().optional(),
  address: texts,
  unset: texts,
  passwordStdin: z.boolean().default(false),
});

export type UserOptions = z.output<typeof userOptions>;

/** OIDC standard claims of the options that were given; null for those to be taken away. */
export function claimsOf(options: UserOptions): Record<string, unknown> {
  const claims = {
    name: options.name,
    given_name: options.givenName,
    family_name: options.familyName,
    middle_name: options.middleName,
    nickname: options.nickname,
    profile: options.profile,
    picture: options.picture,
    website: options.website,
    gender: options.gender,
    birthdate: options.birthdate,
    zoneinfo: options.zoneinfo,
    locale: options.locale,
    phone_number: options.phoneNumber,
    phone_number_verified: options.phoneNumberVerified,
    address: options.address.length > 0 ? addressOf(options.address) : undefined,
    ...Object.fromEntries(
      options.unset.filter((member) => !isIdentifier(member)).map((member) => [member, null]),
    ),
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/** Username or e-mail address: what to set, null to take it away, undefined to leave it. */
export function identifierOf(options: UserOptions, name: 'username' | 'email'): string | null | undefined {
  return options.unset.includes(name) ? null : options[name];
}

function isIdentifier(member: string): boolean {
  return member === 'username' || member === 'email';
}

function addressOf(parts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('=');
      if (at < 1) throw new UsageError('--address is written part=text, for example locality=Paris.');
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}
