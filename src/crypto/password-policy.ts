import { openCommonPasswords } from './common-passwords.ts';
import { isTooLong, normalisePassword } from './password-text.ts';
import { effectiveLength } from './predictable.ts';

/**
 * Which passwords may be chosen (NIST SP 800-63B-4 §3.1.1.2): long ones that somebody who knows the person, the keyboard or
 * other people's passwords would not try first. No composition rules, no hints, no expiry.
 */
export interface PasswordPolicy {
  readonly lengthMin: number;
  /** @param context words that such a somebody knows: user name, email address, names */
  check(password: string, context: readonly string[]): Promise<PasswordCheck>;
}

export type PasswordCheck =
  | { ok: true }
  | {
      ok: false;
      reason: PasswordProblem;
      /** To be shown to the person who chose it. */
      message: string;
    };

export type PasswordProblem =
  'too-short' | 'too-long' | 'unusable-characters' | 'predictable' | 'names-you' | 'common';

/** The same section: a password that is the only factor has at least 15 characters. */
const PASSWORD_CHARACTERS_MIN = 15;

/** What is left after names and repetitions are taken out must still be something to guess. */
const UNPREDICTABLE_CHARACTERS_MIN = 6;

/** Shorter words ("al", "io") stand in every other password by chance. */
const CONTEXT_WORD_CHARACTERS_MIN = 4;

const PRODUCT = 'guichet';

export function createPasswordPolicy({
  lengthMin = PASSWORD_CHARACTERS_MIN,
  serviceName,
}: {
  /** Characters, which are code points, as the same section counts. */
  readonly lengthMin?: number | undefined;
  /** What people see as the name of this service. */
  readonly serviceName?: string | undefined;
} = {}): PasswordPolicy {
  const commonPasswords = openCommonPasswords();
  const ownNames = serviceName === undefined ? [PRODUCT] : [PRODUCT, serviceName];

  async function problemOf(text: string, context: readonly string[]): Promise<PasswordProblem | undefined> {
    if (isTooLong(text)) return 'too-long';
    if (!isUsable(text)) return 'unusable-characters';
    if (Array.from(text).length < lengthMin) return 'too-short';
    if (effectiveLength(text) < UNPREDICTABLE_CHARACTERS_MIN) return 'predictable';
    const unnamed = withoutWords(text, [...context, ...ownNames]);
    if (effectiveLength(unnamed) < UNPREDICTABLE_CHARACTERS_MIN) return 'names-you';
    return (await commonPasswords.includes(text)) ? 'common' : undefined;
  }

  return {
    lengthMin,
    async check(password, context) {
      const reason = await problemOf(normalisePassword(password), context);
      if (reason === undefined) return { ok: true };
      return { ok: false, reason, message: MESSAGES[reason](lengthMin) };
    },
  };
}

const MESSAGES: Readonly<Record<PasswordProblem, (lengthMin: number) => string>> = {
  'too-short': (lengthMin) =>
    `Use at least ${lengthMin} characters. A few unrelated words are easy to remember.`,
  'too-long': () => 'This password is too long.',
  'unusable-characters': () => 'This password contains characters that cannot be typed everywhere.',
  predictable: () =>
    'This password repeats itself or follows the keyboard. Choose one that is harder to guess.',
  'names-you': () => 'This password is mostly your name, your address or the name of this service.',
  common: () =>
    'Many people use this password, or one that begins like it, so it is among the first to be tried. Choose another.',
};

/** RFC 8265 §4.2 with RFC 8264 §4.3: no control characters. Lone surrogates would all become the same replacement. */
function isUsable(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function withoutWords(text: string, context: readonly string[]): string {
  const words = context
    .flatMap((phrase) => [phrase, ...phrase.split(/[^\p{L}\p{N}]+/u)])
    .map((word) => word.normalize('NFC').toLowerCase())
    .filter((word) => word.length >= CONTEXT_WORD_CHARACTERS_MIN)
    .sort((a, b) => b.length - a.length);
  return words.reduce((rest, word) => rest.replaceAll(word, ''), text.toLowerCase());
}
