/** The most a password may take, as bytes of UTF-8 after normalisation: room for a long passphrase in any script. */
const PASSWORD_BYTES_MAX = 1024;

/**
 * RFC 8265 §4.2 (OpaqueString): one password typed on two systems must give the same bytes. Other spaces become the
 * ASCII one and characters are composed (NFC); case, width and spaces at either end stay as they were typed.
 */
export function normalisePassword(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** Expects normalised text. Nothing that is too long has ever been hashed, so it need not be hashed to be refused. */
export function isTooLong(normalised: string): boolean {
  return Buffer.byteLength(normalised) > PASSWORD_BYTES_MAX;
}
