import { z } from 'zod';

import type { ImportedHash } from '../crypto/imported-hash.ts';
import { readHash } from '../crypto/read-hash.ts';
import { readFirebaseHash, readKeycloakHash, type FirebaseHashConfig } from '../crypto/read-vendor-hash.ts';
import { AppError } from '../errors.ts';
import { foldIdentifier, type Profile } from './account.ts';
import { identifierMissing } from './create-account.ts';
import { FROM, type ImportSource } from './import-sources.ts';
import { checkEmail, checkUsername, mergeProfile } from './rules.ts';

/**
 * One account of another system, read from one JSON object. Passwords come as hashes only; whatever looks like a password is
 * refused, because a file that holds one must not become a habit.
 */
export interface ImportRecord {
  /** The `sub` that its clients know. */
  readonly id: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly profile: Profile;
  readonly hash: ImportedHash | null;
  readonly disabled: boolean;
  /** There. */
  readonly createdAt: Date | undefined;
}

export interface ImportOptions {
  readonly source: ImportSource;
  readonly firebase: FirebaseHashConfig | undefined;
}

/** OIDC Core §2: at most 255 ASCII characters. Blanks and controls are in no identifier that anybody issues. */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;

/** Ids of our own clients begin so: a token for one of them must not read as one for a person (RFC 9700 §4.15). */
const CLIENT_PREFIX = /^cli_/i;

/** Its rules are those of every profile. */
const claim = z.unknown().optional();

const record = z.strictObject({
  id: z.string({ error: 'it is needed, as text: the sub that clients know' }),
  username: z.string().nullish(),
  email: z.string().nullish(),
  email_verified: z.boolean().nullish(),
  name: claim,
  given_name: claim,
  family_name: claim,
  middle_name: claim,
  nickname: claim,
  profile: claim,
  picture: claim,
  website: claim,
  gender: claim,
  birthdate: claim,
  zoneinfo: claim,
  locale: claim,
  phone_number: claim,
  phone_number_verified: claim,
  address: claim,
  password_hash: z.string().nullish(),
  /** Keycloak's. */
  credentials: z.array(z.unknown()).nullish(),
  /** Auth0's; with `salt`, Firebase's. */
  passwordHash: z.string().nullish(),
  salt: z.string().nullish(),
  disabled: z.boolean().nullish(),
  created_at: z.union([z.iso.datetime({ offset: true }), z.int().min(0)]).nullish(),
});

type Fields = z.output<typeof record>;

/**
 * Throws `invalid_record`, `plaintext_password`, `unusable_hash`, `identifier_missing` and what the rules of an account
 * throw, all of them with a sentence that names fields and never repeats their values.
 */
export function readImportRecord(
  value: unknown,
  { source, firebase }: ImportOptions,
  now: Date,
): ImportRecord {
  const given = z.record(z.string(), z.unknown()).safeParse(value);
  if (!given.success) throw invalid('It is not a JSON object.');
  refusePlaintext(given.data);
  const parsed = record.safeParse(FROM[source](given.data));
  if (!parsed.success) throw invalid(parsed.error.issues.map(inWords).join(' '));
  const fields = parsed.data;
  const email = isGiven(fields.email) ? checkEmail(fields.email) : null;
  const account = {
    id: checkSubject(fields.id),
    username: usernameOf(fields, email),
    email,
    emailVerified: email !== null && fields.email_verified === true,
    profile: mergeProfile({}, profileOf(fields)),
    hash: hashOf(fields, firebase),
    disabled: fields.disabled === true,
    createdAt: createdAtOf(fields, now),
  };
  if (account.username === null && account.email === null) throw identifierMissing();
  return account;
}

const PLAINTEXT = /^(?:plain|clear)?(?:text)?[_-]?(?:password|passwd|passphrase|pwd)$/i;

function refusePlaintext(given: Readonly<Record<string, unknown>>): void {
  const credentials = Array.isArray(given['credentials']) ? given['credentials'] : [];
  const isPlain = Object.keys(given).some((name) => PLAINTEXT.test(name));
  // Keycloak takes new passwords so; it never exports them.
  const isPlainCredential = credentials.some((one: unknown) => plainCredential.safeParse(one).success);
  if (!isPlain && !isPlainCredential) return;
  throw new AppError(
    'plaintext_password',
    'It holds a password. Only hashes are imported: leave the password out, and let the person reset it.',
    { status: 400 },
  );
}

const plainCredential = z.object({ type: z.literal('password'), value: z.string() });

function checkSubject(id: string): string {
  if (!SUBJECT.test(id)) throw invalid('id must be 1 to 255 printable ASCII characters without blanks.');
  if (CLIENT_PREFIX.test(id)) throw invalid('id must not begin with cli_, as the ids of clients do.');
  return id;
}

/** Where people signed in with their address, it stands in both fields; one is enough. */
function usernameOf({ username }: Fields, email: string | null): string | null {
  if (!isGiven(username) || foldIdentifier(username) === email) return null;
  return checkUsername(username);
}

function profileOf(fields: Fields): Record<string, unknown> {
  const {
    id,
    username,
    email,
    email_verified,
    password_hash,
    credentials,
    passwordHash,
    salt,
    disabled,
    created_at,
    ...claims
  } = fields;
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null && value !== ''));
}

function hashOf(
  { password_hash, credentials, passwordHash, salt }: Fields,
  firebase: FirebaseHashConfig | undefined,
): ImportedHash | null {
  const keycloak = credentials?.find((one) => keycloakPassword.safeParse(one).success);
  const given = [password_hash, keycloak, passwordHash].filter((one) => one !== undefined && isGiven(one));
  if (given.length > 1) throw invalid('It has more than one password hash.');
  if (isGiven(password_hash)) return readHash(password_hash);
  if (keycloak !== undefined) return readKeycloakHash(keycloak);
  if (!isGiven(passwordHash)) return null;
  if (!isGiven(salt)) return readHash(passwordHash);
  if (firebase === undefined) throw invalid('passwordHash with salt needs --firebase-hash-config.');
  return readFirebaseHash({ passwordHash, salt }, firebase);
}

const keycloakPassword = z.object({ type: z.literal('password') });

function createdAtOf({ created_at }: Fields, now: Date): Date | undefined {
  if (created_at === null || created_at === undefined) return undefined;
  const createdAt = new Date(created_at);
  if (!(createdAt <= now)) throw invalid('created_at must not be in the future.');
  return createdAt;
}

function isGiven<T>(value: T | null | undefined | ''): value is T {
  return value !== null && value !== undefined && value !== '';
}

function inWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `There is no field ${issue.keys.join(', ')}.`;
  const [field = 'It', ...rest] = issue.path;
  if (field === 'created_at') return 'created_at must be a time like 2024-05-06T07:08:09Z, or milliseconds.';
  return `${[field, ...rest].map(String).join('.')}: ${issue.message}.`;
}

function invalid(what: string): AppError {
  return new AppError('invalid_record', what, { status: 400 });
}
