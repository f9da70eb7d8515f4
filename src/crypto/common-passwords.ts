import { readFile } from 'node:fs/promises';
import { sha256 } from './digest.ts';
import { normalisePassword } from './password-text.ts';
import { effectiveLength, period } from './predictable.ts';

/**
 * Passwords that everybody tries first (NIST SP 800-63B-4 §3.1.1.2), asked without a network. `common-passwords.bin` holds the
 * first 40 bits of SHA-256 of half a million of them, folded, sorted and grouped by their first 16 bits: 65 536 bytes say how
 * many there are of each group, then come the other 24 bits of all of them. One answer in two million is wrongly yes.
 * `npm run build:common-passwords` makes the file; NOTICE says where the words come from.
 */
export interface CommonPasswords {
  /** Whether the text is one of them, repeats one or adds to one what people add. Reads the file when it is first asked. */
  includes(normalised: string): Promise<boolean>;
}

const GROUPS = 65_536;
const REST_BYTES = 3;

/** Shorter words stand in too many passphrases by chance. */
const CORE_CHARACTERS_MIN = 4;

/** What is added to a common password counts as nothing while there is no more to guess than in `123!` or `2026`. */
const ADDITION_LENGTH_MAX = 3;

const FILE = new URL('common-passwords.bin', import.meta.url);

export function openCommonPasswords(): CommonPasswords {
  let reading: Promise<Shelf> | undefined;

  function shelf(): Promise<Shelf> {
    reading ??= readFile(FILE)
      .then(toShelf)
      .catch((error: unknown) => {
        reading = undefined;
        throw error;
      });
    return reading;
  }

  return {
    async includes(normalised) {
      const found = await shelf();
      return coresOf(foldPassword(normalised)).some((core) => has(found, core));
    },
  };
}

/** Case is the first thing that guessers vary. */
export function foldPassword(password: string): string {
  return normalisePassword(password).toLowerCase();
}

/** The file's content for these words, which are folded already and may repeat. */
export function packCommonPasswords(words: Iterable<string>): Buffer {
  const keys = new Set<number>();
  for (const word of words) keys.add(keyOf(word));
  const sorted = Float64Array.from(keys).sort();
  const counts = Buffer.alloc(GROUPS);
  const rests = Buffer.alloc(sorted.length * REST_BYTES);
  for (const [index, key] of sorted.entries()) {
    const { group, rest } = divide(key);
    counts.writeUInt8(counts.readUInt8(group) + 1, group);
    rests.writeUIntBE(rest, index * REST_BYTES, REST_BYTES);
  }
  return Buffer.concat([counts, rests]);
}

interface Shelf {
  /** Where each group begins, counted in entries, and where the last one ends. */
  readonly starts: Uint32Array;
  readonly rests: Buffer;
}

function toShelf(bytes: Buffer): Shelf {
  const starts = new Uint32Array(GROUPS + 1);
  for (let group = 0; group < GROUPS; group += 1) {
    starts[group + 1] = (starts[group] ?? 0) + bytes.readUInt8(group);
  }
  const rests = bytes.subarray(GROUPS);
  if (rests.length !== (starts[GROUPS] ?? 0) * REST_BYTES)
    throw new TypeError(`${FILE.pathname} is not whole: run npm run build:common-passwords`);
  return { starts, rests };
}

function has({ starts, rests }: Shelf, text: string): boolean {
  const { group, rest } = divide(keyOf(text));
  const end = starts[group + 1] ?? 0;
  for (let entry = starts[group] ?? 0; entry < end; entry += 1) {
    if (rests.readUIntBE(entry * REST_BYTES, REST_BYTES) === rest) return true;
  }
  return false;
}

function keyOf(folded: string): number {
  return sha256(folded).readUIntBE(0, 2 + REST_BYTES);
}

function divide(key: number): { group: number; rest: number } {
  const size = 2 ** (8 * REST_BYTES);
  return { group: Math.floor(key / size), rest: key % size };
}

/** The text itself, what it repeats, and either without digits and signs at its ends that are nothing to guess. */
function coresOf(text: string): string[] {
  const characters = Array.from(text);
  const unit = characters.slice(0, period(characters)).join('').trim();
  return [...new Set([text, unit].flatMap(withoutAdditions))].filter(
    (core) => Array.from(core).length >= CORE_CHARACTERS_MIN,
  );
}

function withoutAdditions(text: string): string[] {
  const [before = ''] = /^\P{L}*/u.exec(text) ?? [];
  const [after = ''] = /\P{L}*$/u.exec(text.slice(before.length)) ?? [];
  const cores = [text];
  for (const start of new Set([0, before.length])) {
    // `trustno1!` is `trustno1` with a sign, not `trustno` with two: every end is tried.
    for (let end = text.length - after.length; end <= text.length; end += 1) {
      const added = lengthOfAddition(text.slice(0, start)) + lengthOfAddition(text.slice(end));
      if (added <= ADDITION_LENGTH_MAX) cores.push(text.slice(start, end));
    }
  }
  return cores;
}

/** A year is one thing to guess. */
function lengthOfAddition(text: string): number {
  const years = /(?:19|20)\d\d/g;
  const found = text.match(years)?.length ?? 0;
  const rest = text.replaceAll(years, '');
  return found + (rest === '' ? 0 : effectiveLength(rest));
}
