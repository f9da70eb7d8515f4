import type { ClientCard, Person } from '../../views/locals/core.ts';
import { accentUrl, logoUrl } from '../clients/brand.ts';
import type { Account } from '../accounts/account.ts';
import { findAccount } from '../accounts/store.ts';
import type { Database } from '../db/database.ts';
import type { InteractionClient } from '../oidc/interactions.ts';

/** Longer names push the rest of a page out of sight. */
const NAME_LENGTH_MAX = 60;

/** A name somebody else chose, made harmless to read: no controls, nothing that turns the direction of the text around. */
export function displayName(name: string): string {
  const plain = name
    .replaceAll(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, ' ')
    .replaceAll(/\s+/gu, ' ')
    .trim();
  const characters = Array.from(plain);
  return characters.length > NAME_LENGTH_MAX
    ? `${characters.slice(0, NAME_LENGTH_MAX - 1).join('')}…`
    : plain;
}

export function presentClient(client: InteractionClient): ClientCard {
  return {
    name: displayName(client.name),
    unverified: client.dynamic,
    logo: client.brand.logo === null ? undefined : logoUrl(client.brand.logo.digest),
    accent: client.brand.color === null ? undefined : accentUrl(client.brand.color),
    homeUri: webAddress(client.clientUri),
    policyUri: webAddress(client.policyUri),
    tosUri: webAddress(client.tosUri),
  };
}

export function presentPerson(account: Account): Person {
  const { name, given_name, family_name } = account.profile;
  const identifier = account.email ?? account.username ?? account.id;
  const fullName = name ?? [given_name, family_name].filter(Boolean).join(' ');
  const shown = displayName(fullName) || identifier;
  return { name: shown, identifier, initial: initialOf(shown) };
}

/** Whoever is signed in, unless they cannot go on anyway. */
export async function findPerson(
  { db }: { db: Database },
  account: { readonly id: string } | undefined,
): Promise<Person | undefined> {
  const found = account && (await findAccount(db.knex, account.id));
  return found && found.disabledAt === null ? presentPerson(found) : undefined;
}

/** Where a redirect URI leads, in a form people can compare: a host (in ASCII, so no look-alikes), or an app's scheme. */
export function destinationOf(redirectUri: string | undefined): string | undefined {
  const url = redirectUri === undefined ? null : URL.parse(redirectUri);
  if (!url) return undefined;
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.host : url.protocol.slice(0, -1);
}

/** Links off the page are https: anything else could run here or be read on the way. */
function webAddress(uri: string | undefined): string | undefined {
  const url = uri === undefined ? null : URL.parse(uri);
  return url?.protocol === 'https:' ? url.href : undefined;
}

function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name);
  return (first?.segment ?? '?').toUpperCase();
}
