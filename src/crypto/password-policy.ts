import { isTooLong, normalisePassword } from './password-text.ts';
import { effectiveLength } from './predictable.ts';

/** NIST SP 800-63B-4 §3.1.1.2: a password that is the only factor has at least 15 characters. */
export const PASSWORD_CHARACTERS_MIN = 15;

/** What is left after names and repetitions are taken out must still be something to guess. */
const UNPREDICTABLE_CHARACTERS_MIN = 6;

/** Shorter words ("al", "io") stand in every other password by chance. */
const CONTEXT_WORD_CHARACTERS_MIN = 4;

export type PasswordCheck =
  | { ok: true }
  | {
      ok: false;
      reason: 'too-short' | 'too-long' | 'unusable-characters' | 'predictable' | 'names-you';
      /** To be shown to the person who chose it. */
      message: string;
    };

/**
 * Whether a password may be chosen. No composition rules and no expiry (the same NIST section): length, and nothing that
 * somebody who knows the person or the keyboard would try first.
 *
 * @param context words such a somebody knows: user name, email address, names, the name of the service
 */
export function checkNewPassword(password: string, context: readonly string[]): PasswordCheck {
  const text = normalisePassword(password);
  if (isTooLong(text)) return refused('too-long');
  if (!isUsable(text)) return refused('unusable-characters');
  // One code point is one character, as the same section counts.
  if (Array.from(text).length < PASSWORD_CHARACTERS_MIN) return refused('too-short');
  if (effectiveLength(text) < UNPREDICTABLE_CHARACTERS_MIN) return refused('predictable');
  if (effectiveLength(withoutWords(text, context)) < UNPREDICTABLE_CHARACTERS_MIN)
    return refused('names-you');
  return { ok: true };
}

const MESSAGES = {
  'too-short': `Use at least ${PASSWORD_CHARACTERS_MIN} characters. A few unrelated words are easy to remember.`,
  'too-long': 'This password is too long.',
  'unusable-characters': 'This password contains characters that cannot be typed everywhere.',
  predictable: 'This password repeats itself or follows the keyboard. Choose one that is harder to guess.',
  'names-you': 'This password is mostly your name, your address or the name of this service.',
} as const;

function refused(reason: keyof typeof MESSAGES): PasswordCheck {
  return { ok: false, reason, message: MESSAGES[reason] };
}

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
