/**
 * Signing in with the password of a directory: LDAP or Active Directory (RFC 4511, RFC 4513). A service account looks for the
 * person, then the directory itself checks the password by a bind as what was found. What the person is to this server, and
 * which directory is asked, is decided elsewhere.
 */
import { Filter, InvalidCredentialsError, ResultCodeError, type Client } from 'ldapts';

import type { Clock } from '../clock.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import type { UpstreamIdentity } from './identity.ts';
import { directoryUnavailable, withDirectory, type LdapContext } from './ldap-connection.ts';
import {
  BINARY_ATTRIBUTES,
  isDisabled,
  readEntry,
  STATUS_ATTRIBUTES,
  subjectOf,
  textsOf,
  type DirectoryEntry,
} from './ldap-entry.ts';
import { IDENTIFIER, issuerOf, type LdapSettings } from './ldap-settings.ts';
import { groupsAttributeOf } from './mapping.ts';

/** A directory with the password of its service account; empty where nobody binds before a search. */
export type Directory = Pick<IdentityProviderOf<'ldap'>, 'settings' | 'mapping'> & {
  readonly bindPassword: string;
  readonly groupsAttribute?: string | null;
};

/** For the audit log and the throttle. The page says the same for all of them. */
export type DirectorySignIn =
  | { readonly ok: true; readonly identity: UpstreamIdentity }
  | { readonly ok: false; readonly reason: 'unknown' | 'ambiguous' | 'wrong-password' | 'disabled' };

const TIME_LIMIT_SECONDS = 4;

/**
 * Whether this is the person's password in their directory. Throws `directory_unavailable` (503): not reachable, not trusted, or
 * it does not let the service account in.
 */
export async function signInToDirectory(
  ctx: LdapContext & { readonly clock: Clock },
  directory: Directory,
  { identifier, password }: { readonly identifier: string; readonly password: string },
): Promise<DirectorySignIn> {
  // RFC 4513 §5.1.2: a name without a password is an anonymous bind, which succeeds. What follows a NUL is not compared.
  if (password === '' || password.includes('\0')) return { ok: false, reason: 'wrong-password' };
  return withDirectory(ctx, directory.settings, async (client) => {
    const found = await findEntries(client, directory, filterFor(directory.settings, identifier));
    const [entry, ...more] = found;
    if (!entry) return { ok: false, reason: 'unknown' };
    if (more.length > 0) return { ok: false, reason: 'ambiguous' };
    const identity = identityOf(directory, entry);
    if (!(await canBind(client, entry.dn, password))) return { ok: false, reason: 'wrong-password' };
    if (isDisabled(entry, ctx.clock.now())) return { ok: false, reason: 'disabled' };
    return { ok: true, identity };
  });
}

/** Binds and searches as a sign-in would; how many entries the filter finds for a name, two standing for any number above. */
export async function checkDirectory(
  ctx: LdapContext,
  directory: Directory,
  identifier: string,
): Promise<{ readonly entries: number; readonly identity: UpstreamIdentity | undefined }> {
  return withDirectory(ctx, directory.settings, async (client) => {
    const found = await findEntries(client, directory, filterFor(directory.settings, identifier));
    const [entry] = found;
    return {
      entries: found.length,
      identity: entry && found.length === 1 ? identityOf(directory, entry) : undefined,
    };
  });
}

/** At most two: one is somebody, two are nobody. Binds as the service account first. */
export async function findEntries(
  client: Client,
  directory: Directory,
  filter: string | Filter,
): Promise<DirectoryEntry[]> {
  const { settings, bindPassword } = directory;
  if (settings.bindDn !== null) {
    if (bindPassword === '') throw directoryUnavailable(new Error('the service account has no password'));
    await client.bind(settings.bindDn, bindPassword);
  }
  const { searchEntries } = await client.search(settings.base, {
    scope: 'sub',
    derefAliases: 'never',
    filter,
    sizeLimit: 2,
    timeLimit: TIME_LIMIT_SECONDS,
    attributes: attributesOf(directory),
    explicitBufferAttributes: [...BINARY_ATTRIBUTES],
  });
  return searchEntries.map(readEntry);
}

/** A search stays what the operator wrote, whatever somebody types (RFC 4515 §3). */
function filterFor({ filter }: LdapSettings, identifier: string): string {
  const escaped = Filter.escape(identifier);
  // A function, because `$&` in a replacement text has a meaning of its own.
  return filter.replaceAll(IDENTIFIER, () => escaped);
}

async function canBind(client: Client, dn: string, password: string): Promise<boolean> {
  // An empty name would be anybody (RFC 4513 §5.1.1).
  if (dn === '') return false;
  try {
    await client.bind(dn, password);
    return true;
  } catch (error) {
    if (error instanceof InvalidCredentialsError) return false;
    if (error instanceof ResultCodeError && REFUSALS.has(error.code)) return false;
    throw error;
  }
}

/**
 * RFC 4511 §4.1.9, beside invalidCredentials: a locked account, an expired password or an entry without one, as different
 * directories put it (constraintViolation, noSuchObject, inappropriateAuthentication, insufficientAccessRights,
 * unwillingToPerform). Anything else says nothing about the person.
 */
const REFUSALS = new Set([19, 32, 48, 50, 53]);

function identityOf(directory: Directory, entry: DirectoryEntry): UpstreamIdentity {
  const { settings, mapping } = directory;
  const groups = groupsAttributeOf({ kind: 'ldap', groupsAttribute: directory.groupsAttribute ?? null });
  const subject = subjectOf(entry, settings.subject);
  if (subject === undefined) {
    throw directoryUnavailable(new Error(`an entry has no single value of ${settings.subject}`));
  }
  const attributes = Object.values(mapping).map((name) => [name, valueOf(entry, name)] as const);
  const email = mapping['email'] === undefined ? undefined : textsOf(entry, mapping['email'])[0];
  return {
    issuer: issuerOf(settings),
    subject,
    sid: null,
    amr: ['pwd'],
    email: email ?? null,
    // Whether a directory's addresses are the people's own is for `trustsEmail` to say.
    emailVerified: email !== undefined,
    attributes: {
      ...Object.fromEntries(attributes.filter(([, value]) => value !== undefined)),
      [groups]: textsOf(entry, groups),
    },
  };
}

/** One value as itself, several as a list. */
function valueOf(entry: DirectoryEntry, name: string): string | readonly string[] | undefined {
  const values = textsOf(entry, name);
  return values.length > 1 ? values : values[0];
}

/** Operational attributes, such as `entryUUID`, come only when asked for by name. */
function attributesOf(directory: Directory): string[] {
  const { settings, mapping } = directory;
  const groups = groupsAttributeOf({ kind: 'ldap', groupsAttribute: directory.groupsAttribute ?? null });
  return [...new Set([settings.subject, groups, ...STATUS_ATTRIBUTES, ...Object.values(mapping)])];
}
