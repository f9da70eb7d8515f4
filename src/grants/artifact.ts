/**
 * What the protocol keeps for a while and finds again by a secret value: codes, refresh tokens, opaque access tokens,
 * device codes, pushed requests, interactions, registration tokens. This room owns their rows and the grants they hang on.
 * It knows neither the library that fills the payloads nor the ledger of JWTs (see revocation/).
 */
import { sha256 } from '../crypto/digest.ts';

/** A row of `artifacts`. The value itself is never here: `digest` is SHA-256 over model and value, `payload` is sealed. */
export interface Artifact {
  readonly digest: Buffer;
  readonly model: string;
  readonly payload: Buffer;
  readonly grantId: string | null;
  readonly clientId: string | null;
  readonly accountId: string | null;
  readonly userCodeDigest: Buffer | null;
  readonly createdAt: Date;
  readonly consumedAt: Date | null;
  readonly expiresAt: Date | null;
}

/** The model is part of the digest, so that a value of one kind is never found as another kind. */
export function artifactDigest(model: string, value: string): Buffer {
  return sha256(`${model}:${value}`);
}

/** Binds a sealed payload to its row: moved to another row it does not open. */
export function artifactContext(digest: Buffer): string {
  return `artifacts|payload|${digest.toString('base64url')}`;
}
