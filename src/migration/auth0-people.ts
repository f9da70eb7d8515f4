import { readImportRecord } from '../accounts/import-record.ts';
import { AppError } from '../errors.ts';
import type { Auth0Apis } from './auth0-apis.ts';
import { hashDocument, userDocument } from './auth0-documents.ts';
import type { ForeignPerson } from './migration.ts';
import type { Notes } from './notes.ts';

/** Password hashes by the `user_id` of their people. */
export function createHashes(notes: Notes): {
  add(line: unknown): void;
  readonly found: ReadonlyMap<string, string>;
} {
  const found = new Map<string, string>();
  return {
    found,
    add(line) {
      const read = hashDocument.safeParse(line);
      if (!read.success) {
        const why = 'It has no _id and passwordHash.';
        notes.add({ what: 'a line of the password hashes', why, todo: 'Take the file as Auth0 made it.' });
        return;
      }
      const { _id, alt_id: other, passwordHash } = read.data;
      if (passwordHash !== undefined) found.set(`auth0|${other ?? _id.$oid}`, passwordHash);
    },
  };
}

/** A line of the export of users. undefined: it is noted why not. */
export function mapPerson(
  line: unknown,
  {
    hashes,
    apis,
    notes,
    now,
  }: { hashes: ReadonlyMap<string, string>; apis: Auth0Apis; notes: Notes; now: Date },
): ForeignPerson | undefined {
  const read = userDocument.safeParse(line);
  if (!read.success || typeof line !== 'object') {
    const why = 'It has no user_id.';
    notes.add({
      what: 'a person',
      why,
      todo: 'Export the users with the fields that docs/migrating.md names.',
    });
    return undefined;
  }
  const { user_id: id } = read.data;
  const hash = hashes.get(id);
  try {
    const given = hash === undefined ? line : { ...line, passwordHash: hash };
    const record = readImportRecord(given, { source: 'auth0', firebase: undefined }, now);
    noteUnmapped(read.data, { hasPassword: record.hash !== null, notes });
    return { record, roles: apis.rolesOf.get(id) ?? [], mustChangePassword: false, totp: undefined };
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    notes.add({ what: 'a person', why: error.message, todo: 'Correct the export and import again.' }, id);
    return undefined;
  }
}

function noteUnmapped(
  user: { user_id: string; app_metadata?: unknown; user_metadata?: unknown; multifactor?: unknown },
  { hasPassword, notes }: { hasPassword: boolean; notes: Notes },
): void {
  const { user_id: id } = user;
  const [provider = ''] = id.split('|');
  if (provider !== 'auth0') {
    const why = 'They have signed in by somebody else, and have no password.';
    const todo =
      'Set the provider up (guichet identity-providers --help), or let them set a password by mail.';
    notes.add({ what: `people of ${provider.slice(0, 60)}`, why, todo }, id);
  } else if (!hasPassword) {
    const why = 'The file of password hashes has none of them.';
    notes.add({ what: 'a password', why, todo: 'They set one by mail.' }, id);
  }
  for (const name of ['app_metadata', 'user_metadata'] as const) {
    if (isEmpty(user[name])) continue;
    const why = 'People have the claims of OpenID Connect here, and no others.';
    notes.add({ what: `${name} of people`, why, todo: 'Keep it where it is used.' }, id);
  }
  if (!isEmpty(user.multifactor)) {
    const why = 'The export has no secrets of them.';
    notes.add(
      { what: 'second factors of people', why, todo: 'They are set up anew on the account pages.' },
      id,
    );
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}
