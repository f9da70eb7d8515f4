/** Longer names push the rest of a mail out of sight. */
const LENGTH_MAX = 60;

/**
 * A text that somebody else chose, made harmless in a mail of ours: no controls, nothing that turns the direction of the text
 * around, and nothing that a mail program would make into a link (`evil.example` as a first name is an old trick), because a space
 * follows every character that holds an address together.
 */
export function harmless(text: string): string {
  const plain = text
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .replaceAll(/([.:/\\@\u2024\u3002\uff0e\uff0f\uff1a\uff20\uff61])(?=\S)/gu, '$1 ')
    .replaceAll(/\s+/gu, ' ')
    .trim();
  const characters = Array.from(plain);
  return characters.length > LENGTH_MAX ? `${characters.slice(0, LENGTH_MAX - 1).join('')}…` : plain;
}
