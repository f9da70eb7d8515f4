/** base64url without padding (RFC 7515 §2), and the dots between. */
const CHARACTERS = /^[\w.-]+$/;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Header and payload of a compact JWS (RFC 7515 §7.1); other serializations are not read (RFC 8725bis §3.13). All three parts must be
 * there: `alg: none`, which has no signature, cannot even be written.
 */
export function splitCompact(token: string): { header: string; payload: string } | undefined {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  const isThree = first > 0 && second > first + 1 && second < token.length - 1;
  if (!isThree || token.includes('.', second + 1) || !CHARACTERS.test(token)) return undefined;
  if (!isCanonical(token.slice(second + 1))) return undefined;
  return { header: token.slice(0, first), payload: token.slice(first + 1, second) };
}

/** Last characters whose unused bits are zero (RFC 4648 §3.5), by length modulo 4; a length of one more than that says no byte. */
const LAST_CHARACTERS = [/./, /(?!)/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/] as const;

/**
 * The signature covers the other parts and not its own spelling. Without this one token of ours has sixteen texts, and whoever
 * knows tokens by their text would take them for sixteen tokens.
 */
function isCanonical(signature: string): boolean {
  return LAST_CHARACTERS[signature.length % 4]?.test(signature) ?? false;
}

/** The JSON object in one part; undefined for anything else. Of a member that is written twice the last counts. */
export function decodeJsonPart(part: string): Record<string, unknown> | undefined {
  try {
    return parseJsonObject(decoder.decode(Buffer.from(part, 'base64url')));
  } catch {
    return undefined;
  }
}

export function decodeJsonBytes(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return parseJsonObject(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
