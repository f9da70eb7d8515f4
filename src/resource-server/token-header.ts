import { invalidToken } from './refusal.ts';
import { decodeJsonPart } from './jwt-parts.ts';

export interface TokenHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Signature algorithms that are asymmetric (RFC 8725 §3.1), strongest argument against taking a public key for a secret. */
export const ASYMMETRIC_ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
];

/** Our own are thumbprints of 43 characters; nobody needs more than a line. */
const KID_LENGTH_MAX = 200;

/**
 * What is taken from a protected header before the signature is known to be good: nothing but which of *our* keys to use.
 * `jwk`, `jku`, `x5u` and `x5c` are not looked at (RFC 8725 §3.10), so whatever they say has no effect.
 */
export function readHeader(
  part: string,
  types: readonly string[],
  algorithms: ReadonlySet<string>,
): TokenHeader {
  const header = decodeJsonPart(part);
  if (!header) throw invalidToken('malformed', 'The header of the token is not a JSON object.');
  const { typ, alg, kid, crit, b64 } = header;
  // RFC 9068 §4, RFC 8725 §3.11. RFC 7515 §4.1.9: media types are compared without regard to case.
  if (typeof typ !== 'string' || !types.includes(typ.toLowerCase())) {
    throw invalidToken('type', 'The token is of another type.');
  }
  if (typeof alg !== 'string' || !algorithms.has(alg)) {
    throw invalidToken('algorithm', 'The token is signed with an algorithm that is not accepted.');
  }
  // RFC 7515 §4.1.11: an extension that is not understood refuses the token. We understand none.
  if (crit !== undefined || b64 !== undefined) {
    throw invalidToken('malformed', 'The token uses an extension that is not understood.');
  }
  if (kid !== undefined && !(typeof kid === 'string' && kid.length > 0 && kid.length <= KID_LENGTH_MAX)) {
    throw invalidToken('unknown_key', 'The key of the token is not known.');
  }
  return { alg, kid };
}
