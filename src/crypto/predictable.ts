/** Rows of the two keyboards most people have: neighbours on them are typed, not thought of. */
const KEYBOARD_ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'yxcvbnm'];

/**
 * How many characters of a text a guesser really has to guess: one that repeats its predecessor, counts on from it
 * (`abc`, `321`) or lies beside it on the keyboard is free, and so is all that repeats an earlier stretch.
 */
export function effectiveLength(text: string): number {
  const characters = Array.from(text.toLowerCase());
  const surprising = characters.filter((character, index) => !follows(characters[index - 1], character));
  return Math.min(surprising.length, period(characters));
}

export function distinctCharacters(text: string): number {
  return new Set(text).size;
}

function follows(before: string | undefined, character: string): boolean {
  if (before === undefined) return false;
  if (Math.abs((before.codePointAt(0) ?? 0) - (character.codePointAt(0) ?? 0)) <= 1) return true;
  return KEYBOARD_ROWS.some((row) => row.includes(before + character) || row.includes(character + before));
}

/** Length of the shortest stretch whose repetition makes the whole: 3 for `abcabcab`. */
export function period(characters: readonly string[]): number {
  for (let length = 1; length < characters.length; length += 1) {
    if (characters.every((character, index) => index < length || character === characters[index - length]))
      return length;
  }
  return characters.length;
}
