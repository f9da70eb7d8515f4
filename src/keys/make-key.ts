import { generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import { calculateJwkThumbprint } from 'jose';
import type { JWK } from 'jose';

import type { Seal } from '../crypto/seal.ts';
import { privateKeyAad } from './key.ts';
import type { NewKey, SigningAlg } from './key.ts';

const generate = promisify(generateKeyPair);

/** NIST SP 800-57 counts 2048 bits good until 2030; a longer key would halve the ID tokens a core can sign. */
const RSA_BITS = 2048;

type Pair = { publicKey: KeyObject; privateKey: KeyObject };

const GENERATORS = {
  ES256: () => generate('ec', { namedCurve: 'P-256' }),
  RS256: () => generate('rsa', { modulusLength: RSA_BITS }),
  EdDSA: () => generate('ed25519'),
} satisfies Record<SigningAlg, () => Promise<Pair>>;

/** Makes and seals a key. An RSA key takes a good part of a second: call it before a transaction opens, never inside. */
export async function makeKey({ seal }: { seal: Seal }, alg: SigningAlg): Promise<NewKey> {
  const { publicKey, privateKey } = await GENERATORS[alg]();
  const bare = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(bare);
  const about = { kid, alg, use: 'sig' };
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), ...about };
  return {
    kid,
    alg,
    publicJwk: { ...bare, ...about },
    sealedPrivate: seal.seal(Buffer.from(JSON.stringify(privateJwk)), privateKeyAad(kid)),
  };
}
