import type { Entry } from 'ldapts';

/** One person of a directory, as this server reads them. Attribute names are compared without regard to case (RFC 4512 §2.5). */
export interface DirectoryEntry {
  readonly dn: string;
  /** Under the names they were asked for. */
  readonly values: (attribute: string) => readonly (string | Buffer)[];
}

/** What says that somebody may not sign in, beside what the directory itself refuses at a bind. */
export const STATUS_ATTRIBUTES = [
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'accountExpires',
  'nsAccountLock',
] as const;

/** Values that are bytes, not text. */
export const BINARY_ATTRIBUTES = ['objectGUID', 'objectSid'] as const;

/** [MS-ADTS] §2.2.16, `userAccountControl`: disabled, locked out, password expired. */
const ACCOUNT_DISABLE = 0x2;
const LOCKOUT = 0x10;
const PASSWORD_EXPIRED = 0x800000;

/** [MS-ADA1] §2.1: 100 ns since 1601; two values mean never. */
const NEVER = new Set(['0', '9223372036854775807']);
const FILETIME_EPOCH_MS = 11_644_473_600_000n;

export function readEntry(entry: Entry): DirectoryEntry {
  const byName = new Map(Object.entries(entry).map(([name, value]) => [name.toLowerCase(), listOf(value)]));
  return { dn: entry.dn, values: (attribute) => byName.get(attribute.toLowerCase()) ?? [] };
}

/** What is one person for ever; undefined where the entry has none or several. */
export function subjectOf(entry: DirectoryEntry, attribute: string): string | undefined {
  const [value, ...more] = entry.values(attribute);
  if (value === undefined || value.length === 0 || more.length > 0) return undefined;
  if (typeof value === 'string') return value;
  return value.length === GUID_BYTES && attribute.toLowerCase() === 'objectguid'
    ? guidOf(value)
    : value.toString('hex');
}

export function textsOf(entry: DirectoryEntry, attribute: string): string[] {
  return entry.values(attribute).map((value) => (typeof value === 'string' ? value : value.toString('hex')));
}

/** By Active Directory's or 389 Directory Server's own account. OpenLDAP's password policy shows at a bind only. */
export function isDisabled(entry: DirectoryEntry, now: Date): boolean {
  const control = flagsOf(entry, 'userAccountControl') | flagsOf(entry, 'msDS-User-Account-Control-Computed');
  if ((control & (ACCOUNT_DISABLE | LOCKOUT | PASSWORD_EXPIRED)) !== 0) return true;
  const [expires] = textsOf(entry, 'accountExpires');
  if (expires !== undefined && hasExpired(expires, now)) return true;
  return textsOf(entry, 'nsAccountLock').some((value) => value.toLowerCase() === 'true');
}

const GUID_BYTES = 16;

/** [MS-DTYP] §2.3.4: the first three fields are little-endian. */
function guidOf(bytes: Buffer): string {
  const swapped = Buffer.from(bytes);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function flagsOf(entry: DirectoryEntry, attribute: string): number {
  const [value = ''] = textsOf(entry, attribute);
  return /^-?\d{1,10}$/.test(value) ? Number(value) : 0;
}

function hasExpired(filetime: string, now: Date): boolean {
  if (!/^\d{1,19}$/.test(filetime) || NEVER.has(filetime)) return false;
  return BigInt(filetime) / 10_000n - FILETIME_EPOCH_MS <= BigInt(now.getTime());
}

function listOf(value: Entry[string]): (string | Buffer)[] {
  return Array.isArray(value) ? value : [value];
}
