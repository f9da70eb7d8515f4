import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

import { sha256 } from '../crypto/digest.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';

/**
 * What signs checkpoints: Ed25519 keys (RFC 8032) derived from GUICHET_SECRET and nowhere stored, so that whoever can write to the
 * database has none and can put no other in their place. None of them is in the JWKS: a token must never pass for a checkpoint, and
 * keys of tokens are replaced every few months, while a checkpoint of five years ago is still to be verified.
 */
export interface CheckpointKey {
  /** Its JWK thumbprint (RFC 7638). */
  readonly kid: string;
  readonly publicKey: KeyObject;
}

export interface CheckpointSigner extends CheckpointKey {
  readonly privateKey: KeyObject;
}

export interface CheckpointJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/** The one that signs first, then those of older secrets that are still listed. */
export function checkpointKeys(secrets: Secrets): [CheckpointSigner, ...CheckpointSigner[]] {
  const [current, ...older] = verificationKeys(secrets, 'auditCheckpointKey').map(signerOf);
  if (!current) throw new TypeError('there is no secret');
  return [current, ...older];
}

export function publicJwkOf({ kid, publicKey }: CheckpointKey): CheckpointJwk {
  return { kty: 'OKP', crv: 'Ed25519', x: pointOf(publicKey), kid, alg: 'EdDSA', use: 'sig' };
}

/** A key whose secret is gone. Throws when it is not an Ed25519 public key. */
export function fromPublicJwk({ x }: { readonly x: string }): CheckpointKey {
  return keyOf(createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }));
}

/** RFC 8410 §7: what stands before the 32 bytes of a private key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function signerOf(seed: Buffer): CheckpointSigner {
  const key = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { ...keyOf(createPublicKey(privateKey)), privateKey };
}

function keyOf(publicKey: KeyObject): CheckpointKey {
  const members = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: pointOf(publicKey) });
  return { kid: sha256(members).toString('base64url'), publicKey };
}

function pointOf(publicKey: KeyObject): string {
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an Ed25519 key');
  return x;
}
