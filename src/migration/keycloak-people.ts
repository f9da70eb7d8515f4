import { readImportRecord, type ImportRecord } from '../accounts/import-record.ts';
import { FROM } from '../accounts/import-sources.ts';
import { mergeProfile } from '../accounts/rules.ts';
import { AppError } from '../errors.ts';
import { HELD_ROLES_MAX } from '../roles/assignment-store.ts';
import { groupRoles } from './keycloak-groups.ts';
import { userDocument, type KeycloakUser } from './keycloak-realm.ts';
import { readTotp } from './keycloak-totp.ts';
import type { KeycloakParts } from './keycloak-clients.ts';
import type { ForeignPerson } from './migration.ts';
import type { Notes } from './notes.ts';

type Given = Readonly<Record<string, unknown>>;

/** Attributes as Keycloak's own mappers of OpenID Connect read them. */
const CLAIMS: Readonly<Record<string, string>> = {
  middleName: 'middle_name',
  nickname: 'nickname',
  profile: 'profile',
  picture: 'picture',
  website: 'website',
  gender: 'gender',
  birthdate: 'birthdate',
  zoneinfo: 'zoneinfo',
  locale: 'locale',
  phoneNumber: 'phone_number',
};

const ADDRESS: Readonly<Record<string, string>> = {
  formatted: 'formatted',
  street: 'street_address',
  locality: 'locality',
  region: 'region',
  postal_code: 'postal_code',
  country: 'country',
};

const WRITTEN_BY_KEYCLOAK = new Set(['phoneNumberVerified', 'LDAP_ID', 'LDAP_ENTRY_DN']);

/** One after the other, as they are needed. Whoever cannot be taken over is noted. */
export function* mapPeople(
  users: Iterable<unknown>,
  parts: Pick<KeycloakParts, 'realm' | 'roles' | 'notes'> & { readonly now: Date },
): Generator<ForeignPerson> {
  const groups = groupRoles(parts.realm.groups ?? []);
  for (const given of users) {
    const read = userDocument.safeParse(given);
    const fields = typeof given === 'object' && given !== null ? (given as Given) : {};
    if (!read.success) {
      const why = `It has not the shape of a user: ${read.error.issues[0]?.path.map(String).join('.').slice(0, 100)}.`;
      parts.notes.add({ what: 'a person', why, todo: 'Export the realm with kc.sh export.' });
      continue;
    }
    const user = read.data;
    // A client in Keycloak's clothes (keycloak-clients.ts).
    if (user.serviceAccountClientId !== undefined) continue;
    const person = readPerson(fields, user, parts);
    if (!person) continue;
    noteUnmapped(user, person.record, parts.notes);
    yield { ...person, roles: rolesOf(user, groups, parts) };
  }
}

type Person = Omit<ForeignPerson, 'roles'>;

function readPerson(
  fields: Given,
  user: KeycloakUser,
  { notes, now }: { notes: Notes; now: Date },
): Person | undefined {
  const who = user.id ?? user.username;
  const base = FROM.keycloak(fields);
  const claims = claimsOf(user, notes);
  const password = readable(fields, { ...base, ...claims }, now);
  if ('record' in password) return personOf(user, password.record, notes);
  // With an address, a name that is not one here can be done without; without a password, it is set anew by mail.
  for (const [member, what] of [
    ['username', 'a username'],
    ['credentials', 'a password'],
  ] as const) {
    if (typeof base['email'] !== 'string') break;
    const without = readable(
      { ...fields, [member]: undefined },
      { ...base, ...claims, [member]: undefined },
      now,
    );
    if (!('record' in without)) continue;
    const todo = member === 'username' ? 'They sign in with their address.' : 'They set one by mail.';
    notes.add({ what, why: password.problem, todo }, who);
    return personOf(user, without.record, notes);
  }
  notes.add({ what: 'a person', why: password.problem, todo: 'Correct the export and import again.' }, who);
  return undefined;
}

function readable(fields: Given, mapped: Given, now: Date): { record: ImportRecord } | { problem: string } {
  try {
    // What is refused in the product's own words is refused in ours too: a password in the clear.
    readImportRecord(fields, { source: 'keycloak', firebase: undefined }, now);
    return { record: readImportRecord(mapped, { source: 'guichet', firebase: undefined }, now) };
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    return { problem: error.message };
  }
}

function personOf(user: KeycloakUser, record: ImportRecord, notes: Notes): Person {
  const otp = user.credentials?.find(({ type }) => type === 'otp');
  const totp = otp && readTotp(otp);
  if (otp && !totp) {
    const why = 'Codes have six digits, 30 seconds and SHA-1 here.';
    notes.add({ what: 'an authenticator app', why, todo: 'They set one up anew.' }, record.id);
  }
  return { record, totp, mustChangePassword: user.requiredActions?.includes('UPDATE_PASSWORD') === true };
}

/** A claim that is refused is left out, and said. */
function claimsOf({ id, attributes = {} }: KeycloakUser, notes: Notes): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  const address: Record<string, string> = {};
  const leave = (name: string, why: string) =>
    notes.add(
      { what: `the attribute ${name.slice(0, 60)} of people`, why, todo: 'Keep it where it is used.' },
      id,
    );
  for (const [name, [value]] of Object.entries(attributes)) {
    const claim = Object.hasOwn(CLAIMS, name) ? CLAIMS[name] : undefined;
    const part = Object.hasOwn(ADDRESS, name) ? ADDRESS[name] : undefined;
    if (value === undefined || value === '' || WRITTEN_BY_KEYCLOAK.has(name)) continue;
    if (part !== undefined) address[part] = value;
    else if (claim === undefined)
      leave(name, 'People have the claims of OpenID Connect here, and no others.');
    else if (isClaim(claim, value)) claims[claim] = value;
    else leave(name, 'It has not the form that OpenID Connect asks for.');
  }
  if (claims['phone_number'] !== undefined && attributes['phoneNumberVerified']?.[0] === 'true')
    claims['phone_number_verified'] = true;
  if (Object.keys(address).length === 0) return claims;
  if (isClaim('address', address)) claims['address'] = address;
  else leave('street', 'It has not the form that OpenID Connect asks for.');
  return claims;
}

function isClaim(claim: string, value: unknown): boolean {
  try {
    mergeProfile({}, { [claim]: value });
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function rolesOf(
  user: KeycloakUser,
  groups: ReturnType<typeof groupRoles>,
  { roles, notes }: Pick<KeycloakParts, 'roles' | 'notes'>,
): ForeignPerson['roles'] {
  const given = [
    { realm: user.realmRoles ?? [], client: user.clientRoles ?? {} },
    ...(user.groups ?? []).flatMap((path) => groups.get(path) ?? []),
  ].flatMap((held) => roles.expand(held));
  const each = [...new Map(given.map((role) => [JSON.stringify(role), role])).values()];
  if (each.length > HELD_ROLES_MAX)
    notes.add(
      {
        what: 'roles of a person',
        why: `Nobody has more than ${HELD_ROLES_MAX}.`,
        todo: 'Give the rest by fewer roles.',
      },
      user.id,
    );
  return each.slice(0, HELD_ROLES_MAX);
}

const DONE_ACTIONS = new Set(['UPDATE_PASSWORD', 'VERIFY_EMAIL']);

function noteUnmapped(user: KeycloakUser, { id, hash }: ImportRecord, notes: Notes): void {
  for (const { identityProvider } of user.federatedIdentities ?? []) {
    const why = 'An identity is connected when its person signs in by their provider here.';
    const todo = 'Set the provider up: guichet identity-providers --help.';
    notes.add({ what: `identities at ${identityProvider.slice(0, 60)}`, why, todo }, id);
  }
  if (user.federationLink !== undefined && hash === null) {
    const why = 'Their passwords are in a directory.';
    notes.add(
      {
        what: 'people of a directory',
        why,
        todo: 'Set the directory up: guichet identity-providers --help.',
      },
      id,
    );
  }
  for (const action of user.requiredActions ?? []) {
    if (DONE_ACTIONS.has(action)) continue;
    notes.add(
      {
        what: `the required action ${action.slice(0, 60)}`,
        why: 'It has no counterpart.',
        todo: 'Ask people for it.',
      },
      id,
    );
  }
  for (const { type } of user.credentials ?? []) {
    if (typeof type !== 'string' || !/webauthn|recovery/.test(type)) continue;
    const why = 'They are bound to the host of Keycloak, or known to it alone.';
    notes.add(
      {
        what: `credentials of the kind ${type.slice(0, 60)}`,
        why,
        todo: 'They are set up anew on the account pages.',
      },
      id,
    );
  }
}
