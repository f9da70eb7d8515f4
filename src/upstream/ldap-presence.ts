import { AndFilter, EqualityFilter, FilterParser, type Filter } from 'ldapts';

import type { Clock } from '../clock.ts';
import { withDirectory, type LdapContext } from './ldap-connection.ts';
import { isDisabled } from './ldap-entry.ts';
import { findEntries, type Directory } from './ldap.ts';
import { IDENTIFIER, type LdapSettings } from './ldap-settings.ts';

/** Under one connection's deadline. */
export const SUBJECTS_MAX = 100;

/**
 * Those of the subjects (100 at most) who could not sign in any more: gone from the directory, outside of the operator's filter,
 * or disabled. Throws `directory_unavailable` (503), and then says nothing about anybody.
 */
export async function findAbsent(
  ctx: LdapContext & { readonly clock: Clock },
  directory: Directory,
  subjects: readonly string[],
): Promise<string[]> {
  if (subjects.length > SUBJECTS_MAX) throw new RangeError(`at most ${SUBJECTS_MAX} subjects`);
  return withDirectory(ctx, directory.settings, async (client) => {
    const absent: string[] = [];
    for (const subject of subjects) {
      const entries = await findEntries(client, directory, filterOf(directory.settings, subject));
      const [entry] = entries;
      const isThere = entry !== undefined && entries.length === 1 && !isDisabled(entry, ctx.clock.now());
      if (!isThere) absent.push(subject);
    }
    return absent;
  });
}

/** The operator's filter for whatever name, and this person. As an object: a filter's text cannot hold every byte. */
function filterOf({ filter, subject: attribute }: LdapSettings, subject: string): Filter {
  const anybody = FilterParser.parseString(filter.replaceAll(IDENTIFIER, '*'));
  return new AndFilter({
    filters: [anybody, new EqualityFilter({ attribute, value: valueOf(attribute, subject) })],
  });
}

/** What `subjectOf` (ldap-entry.ts) read: a GUID and other bytes as bytes, text as text. */
function valueOf(attribute: string, subject: string): Buffer | string {
  const name = attribute.toLowerCase();
  if (name === 'objectguid') return guidBytes(subject);
  return name === 'objectsid' ? Buffer.from(subject, 'hex') : subject;
}

/** [MS-DTYP] §2.3.4: the first three fields are little-endian. */
function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
