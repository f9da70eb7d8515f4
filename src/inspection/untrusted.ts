/** Of what a stranger wrote, the terminal gets so much; `--json` has all of it. */
const TEXT_LENGTH_MAX = 400;
const NAME_LENGTH_MAX = 40;

/**
 * Text from outside, on one line: it can neither begin a line of its own, which could be taken for one of ours, nor change the
 * direction of ours.
 */
export function untrusted(value: unknown, lengthMax = TEXT_LENGTH_MAX): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu, '\ufffd');
  return line.length > lengthMax ? `${line.slice(0, lengthMax).toWellFormed()}…` : line;
}

export function untrustedName(name: string): string {
  return untrusted(name, NAME_LENGTH_MAX);
}
