import type { Passwords } from '../crypto/passwords.ts';
import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import { foldIdentifier, type Account, type Address, type Profile } from './account.ts';

/** What a person may be called, and what is kept of them. Wire names, OIDC Core §5.1. */

const USERNAME_LENGTH_MAX = 64;
/** RFC 5321 §4.5.3.1: 64 for the mailbox, 255 for the domain, 256 for the whole path with its angle brackets. */
const EMAIL_LENGTH_MAX = 254;
const TEXT_LENGTH_MAX = 500;
const URI_LENGTH_MAX = 2000;

/** Letters, digits and single joints of `.`, `_`, `-`; no `@`, which is what tells an e-mail address from a username. */
const USERNAME = /^[\p{L}\p{M}\p{N}]+(?:[._-][\p{L}\p{M}\p{N}]+)*$/u;
/** Deliberately loose: what is mailable, only mailing shows. */
const EMAIL = /^[^\s@\p{Cc}<>"(),:;[\]\\]+@[^\s@.\p{Cc}<>"(),:;[\]\\]+(?:\.[^\s@.\p{Cc}<>"(),:;[\]\\]+)*$/u;

type ClaimRule = (value: unknown, claim: string) => unknown;

const CLAIMS = {
  name: text,
  given_name: text,
  family_name: text,
  middle_name: text,
  nickname: text,
  profile: webUri,
  picture: webUri,
  website: webUri,
  gender: text,
  // OIDC Core §5.1: year 0000 for a person who keeps it to themselves.
  birthdate: pattern(/^\d{4}(?:-\d{2}-\d{2})?$/, 'must be YYYY-MM-DD or YYYY'),
  zoneinfo: pattern(/^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/, 'must be a time zone name like Europe/Paris'),
  locale: pattern(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/, 'must be a language tag like fr-FR'),
  // RFC 3966 global numbers, as OIDC Core §5.1 recommends (E.164 plus an extension).
  phone_number: pattern(
    /^\+[0-9() .-]{5,30}(?:;ext=[0-9]{1,10})?$/,
    'must be an international number like +33 1 23 45 67 89',
  ),
  phone_number_verified: boolean,
  address,
} satisfies Record<keyof Profile, ClaimRule>;
const RULES: Readonly<Record<string, ClaimRule>> = CLAIMS;

const ADDRESS_MEMBERS = [
  'formatted',
  'street_address',
  'locality',
  'region',
  'postal_code',
  'country',
] as const satisfies readonly (keyof Address)[];

/** Folded; throws `invalid_username`. */
export function checkUsername(username: string): string {
  const folded = foldIdentifier(username);
  if (folded.length > USERNAME_LENGTH_MAX || !USERNAME.test(folded)) {
    throw new AppError(
      'invalid_username',
      `A username is 1 to ${USERNAME_LENGTH_MAX} letters and digits, joined by single dots, hyphens or underscores.`,
      { status: 400 },
    );
  }
  return folded;
}

/** Folded; throws `invalid_email`. */
export function checkEmail(email: string): string {
  const folded = foldIdentifier(email);
  if (folded.length > EMAIL_LENGTH_MAX || !isStorable(folded) || !EMAIL.test(folded)) {
    throw new AppError('invalid_email', 'This is not an e-mail address.', { status: 400 });
  }
  return folded;
}

/** What is left after `changes` to a profile: null takes a claim away. Throws `invalid_profile`. */
export function mergeProfile(profile: Profile, changes: Readonly<Record<string, unknown>>): Profile {
  const merged: Record<string, unknown> = { ...profile };
  for (const [claim, value] of Object.entries(changes)) {
    const rule = Object.hasOwn(RULES, claim) ? RULES[claim] : undefined;
    if (!rule) throw invalid('A claim', 'is not one of the OIDC standard claims kept in a profile');
    if (value === null) delete merged[claim];
    else if (value !== undefined) merged[claim] = rule(value, claim);
  }
  return merged;
}

/** Throws `weak_password` with a sentence for the person who chose it; `detail` is the reason (`PasswordProblem`). */
export async function checkPassword(
  { policy }: Pick<Passwords, 'policy'>,
  password: string,
  account: Pick<Account, 'username' | 'email' | 'profile'>,
): Promise<void> {
  const { name, given_name, family_name, middle_name, nickname } = account.profile;
  const words = [account.username, account.email, name, given_name, family_name, middle_name, nickname];
  const check = await policy.check(
    password,
    words.filter((word) => typeof word === 'string'),
  );
  if (!check.ok) throw new AppError('weak_password', check.message, { status: 400, detail: check.reason });
}

function text(value: unknown, claim: string): string {
  if (typeof value !== 'string' || value === '' || value.length > TEXT_LENGTH_MAX) {
    throw invalid(claim, `must be 1 to ${TEXT_LENGTH_MAX} characters`);
  }
  // Line breaks are part of postal addresses (OIDC Core §5.1.1).
  const allowed = claim.startsWith('address.') ? value.replaceAll(/\r?\n/g, '') : value;
  if (!isStorable(value) || /\p{Cc}/u.test(allowed)) throw invalid(claim, 'must not have control characters');
  return value;
}

function webUri(value: unknown, claim: string): string {
  const given = text(value, claim);
  const url = given.length <= URI_LENGTH_MAX ? URL.parse(given) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw invalid(claim, 'must be an http or https URL');
  return given;
}

function pattern(expression: RegExp, rule: string): ClaimRule {
  return (value, claim) => {
    const given = text(value, claim);
    if (!expression.test(given)) throw invalid(claim, rule);
    return given;
  };
}

function boolean(value: unknown, claim: string): boolean {
  if (typeof value !== 'boolean') throw invalid(claim, 'must be true or false');
  return value;
}

function address(value: unknown, claim: string): Address {
  if (typeof value !== 'object' || value === null) throw invalid(claim, 'must be an object');
  const entries = Object.entries(value).map(([member, part]) => {
    if (!ADDRESS_MEMBERS.some((known) => known === member)) {
      throw invalid(claim, `can only have ${ADDRESS_MEMBERS.join(', ')}`);
    }
    return [member, text(part, `${claim}.${member}`)];
  });
  return Object.fromEntries(entries);
}

function invalid(claim: string, rule: string): AppError {
  return new AppError('invalid_profile', `${claim} ${rule}.`, { status: 400 });
}
