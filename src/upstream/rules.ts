import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import type { Mapping } from './identity-provider.ts';
import { SETTINGS, type Kind, type SettingsOf } from './settings.ts';

/** What an operator may say of a provider. Every function throws `invalid_identity_provider` (400) or answers what is stored. */

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const NAME_LENGTH_MAX = 60;
/** RFC 1035 §2.3.4 without the trailing dot; at least one dot, because nobody's mail ends in a bare name. */
const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const DOMAINS_MAX = 100;
const ATTRIBUTE_LENGTH_MAX = 200;

/**
 * What a mapping may fill. `preferred_username` is the account's username. That an address is verified is not mapped: it
 * follows from `trustsEmail`; and nobody's word for a telephone number counts here.
 */
export const MAPPED_CLAIMS = [
  'preferred_username',
  'email',
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'phone_number',
  'address',
] as const;

export function checkSlug(slug: string): string {
  if (!SLUG.test(slug))
    throw invalid('The slug must be 1 to 40 lower-case letters, digits and inner hyphens.');
  return slug;
}

/** A slug made of a name: `Contoso (EU)` → `contoso-eu`. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
}

export function checkName(name: string): string {
  const trimmed = name.trim();
  const length = Array.from(trimmed).length;
  if (length === 0 || length > NAME_LENGTH_MAX || /\p{Cc}/u.test(trimmed) || !isStorable(trimmed)) {
    throw invalid(`The name must be 1 to ${NAME_LENGTH_MAX} characters.`);
  }
  return trimmed;
}

/** Folded and in ASCII (IDNA), as `domainOf` gives them. */
export function checkDomains(domains: readonly string[]): string[] {
  if (domains.length > DOMAINS_MAX) throw invalid(`A provider has at most ${DOMAINS_MAX} domains.`);
  const ascii = domains.map(asciiDomain);
  const wrong = domains.find((_domain, index) => !DOMAIN.test(ascii[index] ?? ''));
  if (wrong !== undefined) throw invalid(`"${wrong.slice(0, 60)}" is not an e-mail domain.`);
  return [...new Set(ascii)].sort();
}

/** The domain of an e-mail address as it was typed, in the form in which domains are stored. */
export function domainOf(identifier: string): string | undefined {
  const at = identifier.lastIndexOf('@');
  const domain = at < 1 ? '' : asciiDomain(identifier.slice(at + 1));
  return DOMAIN.test(domain) ? domain : undefined;
}

export function checkMapping(mapping: Readonly<Record<string, string>>): Mapping {
  for (const [claim, theirs] of Object.entries(mapping)) {
    if (!MAPPED_CLAIMS.some((known) => known === claim)) {
      throw invalid(`A mapping fills one of ${MAPPED_CLAIMS.join(', ')}.`);
    }
    if (theirs === '' || theirs.length > ATTRIBUTE_LENGTH_MAX || !isStorable(theirs)) {
      throw invalid(`${claim} is mapped to a name of 1 to ${ATTRIBUTE_LENGTH_MAX} characters.`);
    }
  }
  return mapping;
}

export function checkGroupsAttribute(name: string | null): string | null {
  if (name === null || (name !== '' && name.length <= ATTRIBUTE_LENGTH_MAX && isStorable(name))) return name;
  throw invalid(`The attribute with the groups has a name of 1 to ${ATTRIBUTE_LENGTH_MAX} characters.`);
}

export function checkSettings<K extends Kind>(kind: K, settings: unknown): SettingsOf<K> {
  const checked = SETTINGS[kind].safeParse(settings);
  if (checked.success) return checked.data as SettingsOf<K>;
  const [issue] = checked.error.issues;
  throw invalid(`${issue?.path.join('.') || 'settings'}: ${issue?.message ?? 'not as expected'}.`);
}

export function invalid(sentence: string): AppError {
  return new AppError('invalid_identity_provider', sentence, { status: 400 });
}

function asciiDomain(domain: string): string {
  const folded = domain.normalize('NFKC').trim().toLowerCase();
  return /^[\x21-\x7e]*$/.test(folded) ? folded : (URL.parse(`http://${folded}`)?.hostname ?? '');
}
